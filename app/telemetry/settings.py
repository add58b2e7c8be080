"""What is logged and who may read the metrics, in one table; each row can be set by an environment variable."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass
from functools import cached_property

from app.state.environment import SettingsTable, setting

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
WORDS = {"loopback": ("127.0.0.0/8", "::1/128"), "all": ("0.0.0.0/0", "::/0")}


@dataclass(frozen=True)
class ObserveSettings(SettingsTable):
    """Raises ValueError, which names the variable, where a value is none of those that its row takes."""

    log_format: str = setting(
        "logfmt", "POTHOLE_LOG_FORMAT", "form of a line in the log: key=value or JSON", choices=("logfmt", "json")
    )
    log_level: str = setting(
        default="auto",
        variable="POTHOLE_LOG_LEVEL",
        text="least level that is logged; auto: warning on a terminal, info elsewhere",
        choices=("auto", "debug", "info", "warning", "error"),
    )
    metrics: tuple[str, ...] = setting(
        ("loopback",), "POTHOLE_METRICS", "who may read /metrics: loopback, all, none, or networks such as 10.0.0.0/8"
    )

    def __post_init__(self) -> None:
        # Read once here: a wrong network is told at the start and not at the first scrape.
        _ = self.readers

    @cached_property
    def readers(self) -> Networks:
        """The networks that `metrics` names."""
        parts = [network for name in self.metrics if name != "none" for network in WORDS.get(name, (name,))]
        try:
            return tuple(ipaddress.ip_network(part) for part in parts)
        except ValueError:
            raise ValueError(
                "POTHOLE_METRICS must be loopback, all, none, or networks such as 10.0.0.0/8,::1/128, "
                f"not {','.join(self.metrics)!r}"
            ) from None

    @property
    def level(self) -> str:
        """The level as logging has it. A drag makes twenty requests a second: a person's terminal is spared them."""
        if self.log_level != "auto":
            return self.log_level.upper()
        return "WARNING" if sys.stderr is not None and sys.stderr.isatty() else "INFO"

    def may_read_metrics(self, client: str | None) -> bool:
        """Whether a client's address lies in one of the networks that the setting names."""
        try:
            address = ipaddress.ip_address((client or "").removeprefix("::ffff:"))
        except ValueError:
            return False
        return any(address in network for network in self.readers)
