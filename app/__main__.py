"""`python -m app`: serve Pothole lab, print its address, open a browser where there is one."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from app.jobs.settings import EngineSettings
from app.network.device_check import refuse_missing_device
from app.network.training import user_models
from app.ports import cannot_listen, parse_port
from app.state.environment import SettingsTable
from app.telemetry.settings import ObserveSettings
from app.variables import refuse_unknown_variables
from app.web.settings import WebSettings, web_settings

if TYPE_CHECKING:
    from app.web.cache import AnswerCache

PROGRAM = "pothole-lab" if os.path.basename(sys.argv[0]) == "pothole-lab" else "python -m app"
"""As it was started: by the console script (app.console) or as a module."""
DEFAULT_PORT = 8050
BACKLOG = 2048
"""Connections that may wait to be accepted: a lecture hall opens the page within a second."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; the environment's PORT stands in for --port."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Serve Pothole lab to this computer’s browser.")
    port = os.environ.get("PORT") or str(DEFAULT_PORT)
    parser.add_argument("--port", type=parse_port, default=port, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--scenes", metavar="FILE", help="the lecture to offer (default: POTHOLE_SCENES, or app/lecture/scenes.md)"
    )
    user_models.add_options(parser)
    parser.add_argument("--controls", action="store_true", help="print the table of controls and end")
    parser.add_argument("--settings", action="store_true", help="print the table of limits and addresses and end")
    return parser.parse_args(arguments)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; SystemExit with a sentence where the port or the host cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:  # the latter of a host that can be no name
        listener.close()
        another = f"make run PORT=8051, or {PROGRAM} --port 8051"
        raise cannot_listen("Pothole lab", host, port, error, another) from None
    listener.listen(BACKLOG)
    return listener


def can_open_browser() -> bool:
    """Whether a graphical browser may be expected."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def prepare(paths: AnswerCache, address: str | None) -> None:
    """Compute the first page's paths, so that the compilation of the simulation is over, then open a browser there.

    The compiled code is kept on disk: this takes many seconds once, and next to nothing at later starts.
    """
    from app.toy.batch import compute_paths, paths_key
    from app.toy.request import read_request
    from app.web.health import READINESS

    request, _ = read_request({})
    try:
        paths.keep(paths_key(request), compute_paths(request))
    except Exception as error:
        READINESS.failed(error)
        raise
    READINESS.done()
    if address is not None:
        webbrowser.open(address)


def settings_or_end() -> tuple[WebSettings, EngineSettings, ObserveSettings]:
    """The three tables, read from the environment; status 2 and a sentence where a value or a name is wrong there."""
    try:
        refuse_unknown_variables()
        return web_settings(), EngineSettings.from_environment(), ObserveSettings.from_environment()
    except ValueError as error:
        end(error)


def device_or_end(engine: EngineSettings) -> None:
    """Look for the device that workers of this program's own are to use; status 2 and a sentence if it is missing."""
    if engine.scheduler:
        return  # workers elsewhere look for themselves
    try:
        refuse_missing_device(engine)
    except ValueError as error:
        end(error)


def own_or_end(options: argparse.Namespace) -> None:
    """Look at the network and data that the command line names; status 2 and a sentence where they cannot be used."""
    try:
        user_models.take(options)
    except ValueError as error:
        end(error)


def end(error: Exception) -> NoReturn:
    """Status 2 and a sentence: what the program was told cannot be done."""
    print(f"Pothole lab does not start: {error}.", file=sys.stderr)
    raise SystemExit(2) from None


def end_orderly(*_: Any) -> NoReturn:
    """What a signal does once uvicorn has let the last requests end: end as any program, so that all is cleaned up."""
    raise SystemExit(0)


def leave_out_ipython() -> None:
    """Dash imports IPython wherever that is installed, to show itself in notebooks: a tenth of a server's start."""
    sys.modules.setdefault("IPython", None)  # type: ignore[arg-type]


def print_settings(tables: Iterable[SettingsTable]) -> None:
    """All settings of the web process, of the engine and of the logs, with their values now."""
    from app.state.environment import as_table

    print(as_table(tables))


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    options = parse(arguments)
    if options.controls:
        from app.toy.controls import as_table

        print(as_table())
        return
    tables = settings_or_end()
    if options.settings:
        print_settings(tables)
        return
    device_or_end(tables[1])
    own_or_end(options)
    from app.telemetry.logs import configure_logs

    web, engine, observe = tables
    configure_logs(observe)
    listener = listen(options.host, options.port)
    host, port = listener.getsockname()[:2]
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/{'network' if user_models.brought() else ''}"

    # Importing the application takes a second or two: the port has been checked first.
    leave_out_ipython()
    import uvicorn

    from app.lecture.scenes import SceneFileError
    from app.server import build
    from app.web.access import hosts_of
    from app.web.connections import limited
    from app.web.startup import start_line

    web = replace(web, scenes=options.scenes or web.scenes, hosts=hosts_of(web.hosts, options.host, host))
    try:
        application = build(web, observe)
    except SceneFileError as error:
        listener.close()
        raise SystemExit(str(error)) from None
    except ValueError as error:
        listener.close()
        end(error)
    http, sockets = limited(web)
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        # Whom to believe about a client's address is decided at our own door.
        proxy_headers=False,
        http=http,
        ws=sockets,
        ws_max_size=web.socket_message_bytes,
        timeout_keep_alive=web.idle_seconds,
        backlog=BACKLOG,
    )
    server = uvicorn.Server(config)
    print(f"Pothole lab runs at {address} (Ctrl+C ends it)", flush=True)
    start_line(web, engine)
    opens = not options.no_browser and can_open_browser()
    threading.Thread(target=application.files.warm, daemon=True).start()
    first = (application.caches["paths"], address if opens else None)
    threading.Thread(target=prepare, args=first, daemon=True).start()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, end_orderly)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
