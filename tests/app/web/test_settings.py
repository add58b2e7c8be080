"""The table of limits and addresses: read strictly, printed whole, a wrong value named before anything is started."""

from __future__ import annotations

from typing import Any

import pytest

from app.__main__ import main
from app.environment import SettingsTable, as_table
from app.jobs.settings import EngineSettings
from app.web.settings import WebSettings, web_settings

TABLES = [WebSettings, EngineSettings]


def test_no_variable_stands_for_two_settings() -> None:
    names = [row.metadata["variable"] for table in TABLES for row in table.rows()]
    assert len(names) == len(set(names)) > 30
    assert all(name.startswith("POTHOLE_") for name in names)


@pytest.mark.parametrize("table", TABLES)
def test_every_default_is_one_that_may_be_given(table: type[SettingsTable]) -> None:
    """What the table prints as a default is read back as that default."""
    for row in table.rows():
        default = ", ".join(row.default) if isinstance(row.default, tuple) else str(row.default)
        settings = table.from_environment({row.metadata["variable"]: default})
        assert getattr(settings, row.name) == row.default
        assert type(getattr(settings, row.name)) is type(row.default)
        assert row.metadata["help"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"POTHOLE_BODY_BYTES": "many"},
            "POTHOLE_BODY_BYTES must be a whole number from 1024 to 100000000, not 'many'",
        ),
        ({"POTHOLE_BODY_BYTES": "1e5"}, "POTHOLE_BODY_BYTES must be a whole number"),
        ({"POTHOLE_BODY_BYTES": "1000000000000"}, "POTHOLE_BODY_BYTES must be a whole number"),
        ({"POTHOLE_BATCH": "0"}, "POTHOLE_BATCH must be a whole number from 1 to 256, not '0'"),
        ({"POTHOLE_BODY_SECONDS": "nan"}, "POTHOLE_BODY_SECONDS must be a number of at least 0.1, not 'nan'"),
        ({"POTHOLE_BODY_SECONDS": "inf"}, "POTHOLE_BODY_SECONDS must be a number"),
        ({"POTHOLE_SOCKETS": "9" * 5000}, "POTHOLE_SOCKETS must be a whole number"),
        ({"POTHOLE_SOCKETS": "x" * 500}, r"not 'x{60}…'"),
    ],
)
def test_a_wrong_value_is_a_sentence(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        WebSettings.from_environment(given)


def test_values_come_from_the_environment() -> None:
    given = {"POTHOLE_HOSTS": " lab.example.org, localhost ,", "POTHOLE_BATCH": " 8 ", "POTHOLE_WAITING": ""}
    settings = WebSettings.from_environment(given, sockets=3)
    assert settings == WebSettings(hosts=("lab.example.org", "localhost"), batch=8, sockets=3)


def test_the_table_is_printed_whole_and_keeps_secrets(capsys: Any) -> None:
    main(["--settings"])
    printed = capsys.readouterr().out
    for table in TABLES:
        for variable, _, text in table.table():
            assert f"| {variable} |" in printed and text in printed
    shown = as_table([WebSettings(password="swordfish")])
    assert "swordfish" not in shown and "| (set) |" in shown


def test_a_wrong_value_ends_the_program_before_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTHOLE_WORKER_NICE", "very")
    with pytest.raises(SystemExit, match="does not start: POTHOLE_WORKER_NICE must be a whole number"):
        main(["--port", "0"])
    monkeypatch.delenv("POTHOLE_WORKER_NICE")
    monkeypatch.setenv("POTHOLE_BATCH", "-1")
    web_settings.cache_clear()
    with pytest.raises(SystemExit, match="does not start: POTHOLE_BATCH"):
        main(["--port", "0"])
    monkeypatch.delenv("POTHOLE_BATCH")
    web_settings.cache_clear()
