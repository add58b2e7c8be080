"""`make sbom`: app/deploy/sbom.cdx.json, the bill of materials in CycloneDX's form: the lock file and torch's pin."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import geometry
from tests.supply.licences import declared
from tests.supply.lock import LOCK, ROOT

BILL = ROOT / "app" / "deploy" / "sbom.cdx.json"
OPTIONS = ("--pyproject", "pyproject.toml", "--output-reproducible", "--output-format", "JSON", "--spec-version", "1.6")


def bill() -> str:
    """The document: the same text for the same lock, with no time and no serial number in it."""
    pin = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "requirements.txt"
        whole.write_text(f"{LOCK.read_text(encoding='utf-8')}\n{pin}\n", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "cyclonedx_py", "requirements", *OPTIONS, str(whole)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"no bill of materials:\n{done.stderr}")
    return json.dumps(without_places(json.loads(done.stdout)), indent=1, ensure_ascii=False) + "\n"


def without_places(document: dict[str, Any]) -> dict[str, Any]:
    """Without what says where it was made (addresses of indexes), with our version and the packages' own licences."""
    licences = {name: licence for name, _, licence in declared()}
    for component in document["components"]:
        for reference in component.get("externalReferences", []):
            if reference.get("type") == "distribution":
                reference["url"] = component["purl"]
                reference.pop("comment", None)
        if licence := licences.get(component["name"]):
            component["licenses"] = [{"license": {"name": licence, "acknowledgement": "declared"}}]
    document["metadata"]["component"]["version"] = geometry.__version__  # pyproject.toml says only where it is
    for tool in document["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    return document


def main() -> None:
    """Write the bill."""
    BILL.write_text(bill(), encoding="utf-8")
    print(f"{BILL.relative_to(ROOT)}: {len(json.loads(BILL.read_text())['components'])} components")


if __name__ == "__main__":
    main()
