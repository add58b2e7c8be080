"""Advisories from a file: which apply, and what is no all-clear."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.supply import audit
from tests.supply.osv import find_advisories, read_records

PINS = ["starlette==1.2.0", "Dash==4.4.1", "x.y==2.0"]


def record(name: str = "starlette", events: Any = (), versions: Any = (), **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, "versions": list(versions)}
    return {"id": "V-1", "modified": "2026-11-01T00:00:00Z", "affected": [affected], **more}


@pytest.mark.parametrize(
    ("events", "applies"),
    [
        ([{"introduced": "0"}], True),
        ([{"introduced": "0"}, {"fixed": "1.2.0"}], False),
        ([{"introduced": "0"}, {"fixed": "1.2.1"}], True),
        ([{"introduced": "1.2.0"}, {"fixed": "1.3"}], True),
        ([{"introduced": "1.2.1"}], False),
        ([{"introduced": "0"}, {"last_affected": "1.2.0"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.1.9"}], False),
        ([{"fixed": "1.0"}, {"introduced": "0"}, {"introduced": "1.2"}, {"fixed": "1.2.5"}], True),
        ([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.3"}], False),
        ([{"introduced": "1.2.0rc1"}, {"fixed": "1.2.0"}], False),
        ([{"introduced": "nonsense"}, {"fixed": "1.10"}], True),
    ],
)
def test_ranges(events: list[dict[str, str]], applies: bool) -> None:
    assert bool(find_advisories([record(events=events)], PINS)) is applies


def test_versions_names_and_what_was_withdrawn() -> None:
    listed = record("X-Y", versions=["1.0", "2.0.0"])
    assert find_advisories([listed], PINS) == ["x-y 2.0: V-1, fixed in no version yet"]
    assert not find_advisories([record("x-y", versions=["2.0.1"])], PINS)
    assert not find_advisories([{**listed, "withdrawn": "2026-01-01"}], PINS)
    assert not find_advisories([record("another", versions=["2.0"]), {"id": "V-2"}], PINS)
    listed["affected"][0]["package"]["ecosystem"] = "npm"
    assert not find_advisories([listed], PINS)
    both = record("dash", [{"introduced": "4"}, {"fixed": "4.4.2"}])
    assert find_advisories([both, both], PINS) == ["dash 4.4.1: V-1, fixed in 4.4.2"]


def test_a_file_may_be_a_record_a_list_an_answer_or_an_archive(tmp_path: Path) -> None:
    for content in (record(), [record()], {"vulns": [record()]}):
        (tmp_path / "one.json").write_text(json.dumps(content))
        assert [one["id"] for one in read_records(tmp_path / "one.json")] == ["V-1"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"V-{number}.json", json.dumps(record()))
        archive.writestr("README.txt", "nothing")
    assert len(list(read_records(tmp_path / "all.zip"))) == 3


@pytest.mark.parametrize("content", ["", "[]", "{", '{"vulns": []}', '"x"', '{"a": 1}', "[3]"])
@pytest.mark.parametrize("name", ["none.json", "none.zip", "missing.json"])
def test_what_holds_no_advisory_is_no_all_clear(tmp_path: Path, capsys: Any, name: str, content: str) -> None:
    if name != "missing.json":
        (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=r"\.(json|zip)"):
        list(read_records(tmp_path / name))


def test_the_audit_ends_with_what_the_file_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(audit, "distributions", list)
    file = tmp_path / "file.json"
    for name, status in (("starlette", 1), ("not-installed-here", 0)):
        file.write_text(json.dumps([record(name, [{"introduced": "0"}])]))
        with pytest.raises(SystemExit) as ended:
            audit.main(["--advisories", str(file)])
        assert ended.value.code == status
        assert f"{status} of the 1 in {file} (newest of 2026-11-01) apply" in capsys.readouterr().out
    file.write_text("{}")
    with pytest.raises(SystemExit) as ended:
        audit.main(["--advisories", str(file)])
    assert ended.value.code == 2 and "holds no records" in capsys.readouterr().err
