"""The ports that the programs listen on: which a command line may name, and what is said where one cannot be had."""

from __future__ import annotations

import argparse
import re

HIGHEST = 65535


def parse_port(text: str) -> int:
    """A port as argparse takes it; 0 is any free one."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > HIGHEST:
        raise argparse.ArgumentTypeError(f"the port must be a number from 0 to {HIGHEST}, not {text!r}")
    return int(text)


def cannot_listen(who: str, host: str, port: int, error: BaseException | None, another: str) -> SystemExit:
    """The end of a program that cannot have its port or host; `another`: the command that takes another port."""
    why = getattr(error, "strerror", None) or error
    return SystemExit(
        f"{who} cannot listen on {host[:80]}:{port} ({why}). Is it running already? Choose another port: {another}."
    )
