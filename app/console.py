"""`pothole-lab`: what `python -m app` is, for who has installed the wheel and may be in any folder."""

from __future__ import annotations

import os
from importlib.util import find_spec

NEEDED = ("dash", "distributed", "fastapi")
"""Of what the pages need besides the library; one that is missing means that the extra has not been installed."""


def main() -> None:
    """Serve until interrupted; SystemExit with a sentence where only the library's requirements are installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SystemExit(
            f"Pothole lab’s pages need what is not installed here ({', '.join(missing)}): "
            "install pothole-lab[app] in place of pothole-lab."
        )
    # The folder that is current now may hold anything: no process that is started from here looks for its code there.
    os.environ["PYTHONSAFEPATH"] = "1"
    from app.__main__ import main as serve

    serve()
