"""What the browser sees: the table of controls, pages, figure builders, routes and the server."""

from pathlib import Path

from geometry import __version__

__all__ = ["ASSETS", "MANUAL", "__version__"]

_INSTALLED = Path(__file__).with_name("assets")
ASSETS = _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parent.with_name("assets")
"""Style and client code: inside this package where a wheel has put it, beside it in the repository."""

_CARRIED = Path(__file__).with_name("manual")
MANUAL = _CARRIED if _CARRIED.is_dir() else _INSTALLED.parents[1] / "docs" / "_build" / "html"
"""The built manual: inside this package where a wheel has put it, else where `make docs` puts it; it may be missing."""
