"""`make licences`: app/deploy/LICENCES.md, the licences of all that the app needs at run time, as installed here."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.supply.lock import LOCK, ROOT, normalised, read_lock

TABLE = ROOT / "app" / "deploy" / "LICENCES.md"
HEAD = """\
# Licences of what the app uses at run time

As the installed packages declare them; written by `make licences`. torch's CUDA build brings NVIDIA's libraries under
NVIDIA's own terms, which are not listed here.

| package | version | licence |
|---|---|---|
"""
LONGEST = 60


def declared() -> list[tuple[str, str, str]]:
    """(name, version, licence) of each locked distribution that is installed, and of torch, by name."""
    done = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {*read_lock(LOCK.read_text(encoding="utf-8")), "torch"}
    found = [
        (normalised(row["Name"]), row["Version"].split("+")[0], shown(row["License"]))
        for row in json.loads(done.stdout)
    ]
    return sorted(row for row in found if row[0] in wanted)


def shown(licence: str) -> str:
    """One line of a table; where a package gives the whole text, its first words."""
    line = " ".join(licence.split()).replace("|", "/")
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rsplit(' ', 1)[0]} …"


def table() -> str:
    """The document."""
    return HEAD + "".join(f"| {name} | {version} | {licence} |\n" for name, version, licence in declared())


def main() -> None:
    """Write the table."""
    TABLE.write_text(table(), encoding="utf-8")
    print(f"{TABLE.relative_to(ROOT)}: {len(declared())} packages")


if __name__ == "__main__":
    main()
