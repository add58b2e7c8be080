"""The table of limits and addresses: read strictly, printed whole, a wrong value named before anything is started."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.__main__ import main
from app.state.environment import SettingsTable, as_table
from app.variables import TABLES, known_variables, refuse_unknown_variables
from app.web.settings import WebSettings, web_settings


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


def test_a_wrong_value_or_name_ends_the_program_before_it_listens(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    wrong = {
        "POTHOLE_WORKER_NICE": ("very", "POTHOLE_WORKER_NICE must be a whole number"),
        "POTHOLE_BATCH": ("-1", "POTHOLE_BATCH must be"),
        "POTHOLE_PASWORD": ("x", "POTHOLE_PASWORD is no setting"),
    }
    for variable, (value, sentence) in wrong.items():
        monkeypatch.setenv(variable, value)
        web_settings.cache_clear()
        with pytest.raises(SystemExit, match="2"):
            main(["--port", "0"])
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"Pothole lab does not start: {sentence}")
        monkeypatch.delenv(variable)
    web_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("POTHOLE_PASWORD", "POTHOLE_PASSWORD"),
        ("POTHOLE_PASSWORDS", "POTHOLE_PASSWORD"),
        ("pothole_password", "POTHOLE_PASSWORD"),
        ("POTHOLE_TRUSTED_PROXY", "POTHOLE_TRUSTED_PROXIES"),
        ("POTHLE_PASSWORD", "POTHOLE_PASSWORD"),
        ("POTHOLE_ORIGIN", "POTHOLE_ORIGINS"),
        ("POTHOLE_REQUEST_PER_SECOND", "POTHOLE_REQUESTS_PER_SECOND"),
        ("POTHOLE_" + "x" * 5000, "POTHOLE_"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    """A misspelt POTHOLE_PASSWORD once opened the lab, and nobody was told."""
    with pytest.raises(ValueError, match=f"is no setting of Pothole lab .the nearest is {nearest}") as told:
        refuse_unknown_variables({"PATH": "/bin", "PORT": "8050", name: "x"})
    assert len(str(told.value)) < 200


def test_names_of_ours_and_of_others_are_let_pass() -> None:
    others = ("PATH", "HOME", "PORT", "PASSWORD", "HOSTS", "CADDY", "POTHOLES", "FUZZ_CASES", "")
    refuse_unknown_variables(dict.fromkeys((*known_variables(), *others), "x"))


@given(st.dictionaries(st.text(max_size=30) | st.text("POTHLE_ASWRD", max_size=20), st.text(max_size=9), max_size=4))
def test_any_environment_is_read_or_refused_with_a_sentence(environment: dict[str, str]) -> None:
    with contextlib.suppress(ValueError):
        refuse_unknown_variables(environment)


@given(st.sampled_from([row for table in TABLES for row in table.rows()]), st.text(max_size=40))
def test_any_value_is_read_or_refused_with_a_sentence_that_names_it(row: Any, text: str) -> None:
    (table,) = (table for table in TABLES if row in table.rows())
    said, read = "", row.default
    try:
        read = getattr(table.from_environment({row.metadata["variable"]: text}), row.name)
    except ValueError as error:
        said = str(error)
    assert not said or (row.metadata["variable"] in said and said.isprintable())
    assert type(read) is type(row.default)
