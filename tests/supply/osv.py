"""Advisories from a file that the operator brings along, in the Open Source Vulnerability format (ossf.github.io).

    a .json file    one record, a list of records, or {"vulns": [records]}
    a .zip file     of such files: what the OSV database gives for one ecosystem, "all.zip" of PyPI

A record applies to a version that it lists, or that lies in one of its ranges: from "introduced" to "fixed", which is
outside, or "last_affected", which is inside. Withdrawn ones do not apply.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from tests.supply.lock import normalised

Record = dict[str, Any]


def read_records(path: Path) -> Iterator[Record]:
    """The records in a file. ValueError with a sentence where it is none, or holds none: that is no all-clear."""
    count = 0
    for name, content in _contents(path):
        try:
            found = json.loads(content)
        except ValueError:
            raise ValueError(f"{name} is not JSON") from None
        records = found.get("vulns", [found]) if isinstance(found, dict) else found
        if not isinstance(records, list) or not all(isinstance(r, dict) and "id" in r for r in records):
            raise ValueError(f"{name} holds no records of the Open Source Vulnerability format")
        count += len(records)
        yield from records
    if not count:
        raise ValueError(f"{path} holds no advisory at all")


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.suffix != ".zip":
            yield str(path), path.read_bytes()
            return
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield f"{path}: {name}", archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None


def find_advisories(records: Iterable[Record], pins: Iterable[str]) -> list[str]:
    """One sentence for each record that applies to one of the lines name==version."""
    wanted = dict(pin.split("==") for pin in pins)
    versions = {normalised(name): version for name, version in wanted.items()}
    found = []
    for record in records:
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", []):
            package = affected.get("package", {})
            name = normalised(package.get("name", ""))
            if package.get("ecosystem") == "PyPI" and name in versions and _affects(affected, versions[name]):
                fixes = ", ".join(_fixes(affected)) or "no version yet"
                found.append(f"{name} {versions[name]}: {record['id']}, fixed in {fixes}")
    return sorted(set(found))


def _affects(affected: Record, text: str) -> bool:
    version = Version(text)
    return any(_parsed(listed) == version for listed in affected.get("versions", [])) or any(
        _lies_in(version, given["events"]) for given in affected.get("ranges", []) if given.get("type") == "ECOSYSTEM"
    )


def _lies_in(version: Version, events: list[dict[str, str]]) -> bool:
    """The events are walked in the order of their versions: each opens or closes what lies after it."""
    inside = False
    for kind, text in sorted(
        ((kind, text) for event in events for kind, text in event.items() if kind != "limit"),
        key=lambda row: _parsed(row[1]) or Version("0.dev0"),
    ):
        bound = _parsed(text) or Version("0.dev0")  # "0" and what is no version at all: before all of them
        if kind == "introduced" and bound <= version:
            inside = True
        elif (kind == "fixed" and bound <= version) or (kind == "last_affected" and bound < version):
            inside = False
    return inside


def _fixes(affected: Record) -> list[str]:
    events = [event for given in affected.get("ranges", []) for event in given.get("events", [])]
    return [event["fixed"] for event in events if "fixed" in event]


def _parsed(text: str) -> Version | None:
    try:
        return None if text == "0" else Version(text)
    except InvalidVersion:
        return None
