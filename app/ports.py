"""The ports that the programs listen on: which a command line may name, and what is said where one cannot be had."""

from __future__ import annotations

import argparse
import errno
import re

HIGHEST = 65535


def parse_port(text: str) -> int:
    """A port as argparse takes it; 0 is any free one."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > HIGHEST:
        raise argparse.ArgumentTypeError(f"the port must be a number from 0 to {HIGHEST}, not {text!r}")
    return int(text)


def cannot_listen(who: str, host: str, port: int, error: BaseException | None, another: str) -> SystemExit:
    """The end of a program that cannot have its port or host; `another`: the command that takes another port."""
    number, why = getattr(error, "errno", None), getattr(error, "strerror", None) or error
    if number == errno.EADDRINUSE:
        advice = f"Is it running already? Choose another port: {another}."
    elif number == errno.EACCES:
        advice = f"Choose another port: {another}."
    else:
        advice = "The host must be a name or an address of this machine."
    return SystemExit(f"{who} cannot listen on {host[:80]}:{port} ({why}). {advice}")
