"""`make audit`: is what is installed what the lists say, unchanged since, and known to be safe?

    versions    every installed distribution that a list names has the version that the list says
    contents    every file that a distribution's RECORD lists has the hash that it says
    advisories  what pip-audit's source knows about the locked versions, or a file that `--advisories FILE` names (see
                osv.py; make audit ADVISORIES=FILE); where no source answers, that is said

Ends with 1 where the first two find anything or an advisory applies. Without a source the third finds nothing and says
so: silence of a source that was not reached is no all-clear. No package brings a database that is kept up: the newest
safety-db is of 2021.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from tests.supply.lock import LOCK, ROOT, normalised, read_lock
from tests.supply.osv import find_advisories, read_records

CONSTRAINTS = ROOT / "tests" / "constraints.txt"
SOURCE_ANSWERS_WITHIN = 20


def wanted() -> dict[str, set[str]]:
    """{name: versions} that the lists name; more than one where they disagree, which is a finding."""
    found: dict[str, set[str]] = {}
    for name, (version, _) in read_lock(LOCK.read_text(encoding="utf-8")).items():
        found.setdefault(name, set()).add(version)
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"([\w.-]+)==([\w.]+)", line.strip()):
            found.setdefault(normalised(match[1]), set()).add(match[2])
    return found


def other_versions(installed: Iterable[tuple[str, str]], lists: dict[str, set[str]]) -> Iterator[str]:
    """One sentence for each distribution whose version is not the one listed. A build's suffix (+cpu) is no version."""
    for name, version in sorted(installed):
        listed = lists.get(normalised(name))
        if listed is not None and listed != {version.split("+")[0]}:
            yield f"{name} is {version} here and {' and '.join(sorted(listed))} in the lists"


def changed_files(distribution: Distribution) -> Iterator[str]:
    """One sentence for each file of a distribution that is missing or has other contents than when it was installed.

    RECORD is read as it is: importlib.metadata's own list leaves missing files out.
    """
    name = distribution.metadata["Name"]
    for file, code, *_ in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        kind, _, wanted_hash = code.partition("=")
        if kind != "sha256":
            continue  # RECORD itself, and what has been compiled since
        path = Path(str(distribution.locate_file(file)))
        if not path.is_file():
            yield f"{name}: {file} is missing"
            continue
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != wanted_hash:
            yield f"{name}: {file} has been changed"


def advisories(pins: Iterable[str]) -> tuple[list[str], bool]:
    """(one sentence for each known advisory, whether a source was reached at all) for lines of name==version."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pins.txt"
        file.write_text("\n".join(pins), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "-r", str(file), "--no-deps", "--disable-pip", "-f", "json"]
        command += ["--progress-spinner", "off", "--timeout", str(SOURCE_ANSWERS_WITHIN)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        rows = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [], False
    found = [
        f"{row['name']} {row['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for row in rows
        for flaw in row.get("vulns", [])
    ]
    return found, any("skip_reason" not in row for row in rows)


def ask_for_advisories(pins: list[str], file: Path | None) -> list[str]:
    """One sentence for each that applies; says what was asked. ValueError where the file is none that can be used."""
    if file is not None:
        records = list(read_records(file))
        known = find_advisories(records, pins)
        newest = max((str(record.get("modified", "")) for record in records), default="")[:10] or "unknown"
        print(f"advisories: {len(known)} of the {len(records)} in {file} (newest of {newest}) apply")
        return known
    # One question first: where no source answers it, none needs to be asked about the rest.
    known, reached = advisories(pins[:1])
    if reached:
        known, _ = advisories(pins)
        print(f"advisories: {len(known)} apply to the locked versions")
    else:
        print("advisories: NOT CHECKED. No source of advisories is reached from here: run this where one is, or name a")
        print("  file of OSV records: make audit ADVISORIES=all.zip")
    return known


def main(arguments: list[str] | None = None) -> None:
    """Check all three and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.supply.audit")
    parser.add_argument("--advisories", type=Path, metavar="FILE", help="records in the OSV format, .json or .zip")
    options = parser.parse_args(arguments)
    here = list(distributions())
    problems = list(other_versions(((d.metadata["Name"], d.version) for d in here), wanted()))
    print(f"versions: {len(here)} distributions installed, {len(problems)} other than listed")
    changed = [sentence for distribution in here for sentence in changed_files(distribution)]
    print(f"contents: {len(changed)} files changed or missing since they were installed")
    pins = [f"{name}=={version}" for name, (version, _) in read_lock(LOCK.read_text(encoding="utf-8")).items()]
    try:
        known = ask_for_advisories(pins, options.advisories)
    except ValueError as error:
        parser.error(f"{error}")
    for sentence in (*problems, *changed, *known):
        print(f"  {sentence}")
    sys.exit(bool(problems or changed or known))


if __name__ == "__main__":
    main()
