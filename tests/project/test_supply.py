"""Lock file, licences and bill of materials: current, complete, valid; the audit finds what it is there for."""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.supply import audit
from tests.supply.licences import TABLE, table
from tests.supply.lock import BUILDS, LOCK, MANUAL_LOCK, ROOT, normalised, read_lock
from tests.supply.materials import BILL, bill

TEXT = LOCK.read_text(encoding="utf-8")
LOCKED = read_lock(TEXT)
AGAIN = "run `make lock` after requirements.txt has changed"


def pins(file: str) -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    parts = [re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==(.+)", line) for line in lines]
    return {normalised(part[1]): part[2] for part in parts if part}


def test_lock_has_every_requirement_in_its_version_but_torch() -> None:
    wanted = {name: pin for name, pin in pins("requirements.txt").items() if name != "torch"}
    assert {name: LOCKED.get(name, ("",))[0] for name in wanted} == wanted, AGAIN
    listed = pins("tests/constraints.txt")
    assert all(listed.get(name, pin) == pin for name, (pin, _) in LOCKED.items()), AGAIN


def test_what_builds_the_manual_in_the_image_is_locked_in_the_same_versions() -> None:
    locked = read_lock(MANUAL_LOCK.read_text(encoding="utf-8"))
    listed = pins("tests/constraints.txt")
    assert {*pins("docs/requirements.txt")} <= {*locked}, AGAIN
    assert all(hashes and listed[name] == pin for name, (pin, hashes) in locked.items() if name in listed), AGAIN
    assert {name: pin for name, pin in pins("docs/requirements.txt").items() if locked[name][0] != pin} == {}, AGAIN
    assert {name for name, (pin, _) in LOCKED.items() if name in locked and locked[name][0] != pin} == set(), AGAIN


def test_lock_is_closed_and_each_entry_has_hashes() -> None:
    """What a locked package needs here is locked too: `--require-hashes` would refuse the rest."""
    assert all(hashes and all(len(one) == 64 for one in hashes) for _, hashes in LOCKED.values())
    for name in LOCKED:
        try:
            needs = [Requirement(text) for text in distribution(name).requires or []]
        except PackageNotFoundError:
            continue  # for another platform
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert normalised(need.name) in LOCKED, f"{name} needs {need.name}: {AGAIN}"


def test_lock_names_no_build_of_torch_and_no_index() -> None:
    assert not BUILDS.search(TEXT) and "://" not in TEXT


def test_installed_versions_are_the_locked_ones() -> None:
    for name, (pin, _) in LOCKED.items():
        try:
            assert version(name) == pin, f"{name}: {AGAIN}"
        except PackageNotFoundError:
            continue


def test_licences_are_listed_for_all_and_current() -> None:
    written = TABLE.read_text(encoding="utf-8")
    assert written == table(), "run `make licences`"
    assert {line.split("|")[1].strip() for line in written.splitlines() if line.startswith("| ")} >= {*LOCKED, "torch"}
    assert "UNKNOWN" not in written


def test_no_licence_forbids_to_hand_the_app_on() -> None:
    """Permissive ones and the file-wise MPL; a strong copyleft among them would have to be decided on."""
    assert not re.search(r"\b[AL]?GPL\b|General Public", TABLE.read_text(encoding="utf-8"))


def test_bill_of_materials_is_valid_and_current() -> None:
    # Imported here: the validator's grammars take a processor seconds, and each process that shares the tests out reads
    # this file.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    written = BILL.read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    assert written == bill(), "run `make sbom`"
    components = {normalised(one["name"]): one["version"] for one in json.loads(written)["components"]}
    wanted = {name: pin for name, (pin, _) in LOCKED.items()} | {"torch": pins("requirements.txt")["torch"]}
    assert components == wanted
    assert all(version(name).split("+")[0] == pin for name, pin in wanted.items())


def test_audit_tells_other_versions() -> None:
    lists = {"torch": {"2.13.0"}, "dash": {"4.4.1", "4.4.2"}, "x-y": {"1"}}
    installed = [("torch", "2.13.0+cpu"), ("X_y", "2"), ("dash", "4.4.1"), ("not-listed", "9")]
    assert list(audit.other_versions(installed, lists)) == [
        "X_y is 2 here and 1 in the lists",
        "dash is 4.4.1 here and 4.4.1 and 4.4.2 in the lists",
    ]


def test_audit_tells_changed_and_missing_files(tmp_path: Path) -> None:
    info = tmp_path / "thing-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
    (tmp_path / "thing.py").write_text("sound = 1\n")
    digest = "sha256=GOtnzUaLxIHPYx3XVXBmzBcV8vPqzcmGnhhjyTeFpYA"
    (info / "RECORD").write_text(f"thing.py,{digest},10\ngone.py,{digest},1\nthing-1.dist-info/RECORD,,\n")
    (found,) = audit.distributions(path=[str(tmp_path)])
    assert list(audit.changed_files(found)) == ["thing: thing.py has been changed", "thing: gone.py is missing"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', ([], False)),
        ("", ([], False)),
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', ([], True)),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "V-1", "fix_versions": ["2"]}]}]}',
            (["a 1: V-1, fixed in 2"], True),
        ),
    ],
)
def test_audit_knows_a_silent_source_from_an_all_clear(monkeypatch: pytest.MonkeyPatch, output, expected) -> None:
    class Done:
        stdout = output

    monkeypatch.setattr(audit.subprocess, "run", lambda *_arguments, **_options: Done)
    assert audit.advisories(["a==1"]) == expected
