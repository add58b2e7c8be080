"""The server that the browser tests start: a start that fails says why, at once, and leaves nothing behind."""

from __future__ import annotations

import gc

import pytest

from tests.server import Server


def test_failed_start_tells_the_program_s_own_words() -> None:
    with pytest.raises(RuntimeError, match="--no-such-option"):
        Server("--no-such-option")


def test_start_and_end() -> None:
    server = Server()
    assert server.exit_code is None
    assert f":{server.port}/" in server.log()
    server.stop()
    server.stop()
    assert server.exit_code is not None
    log = server._log
    assert server.tracebacks() == 0, server.log()
    del server
    gc.collect()
    assert not log.exists()
