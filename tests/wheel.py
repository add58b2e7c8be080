"""The wheel as a user has it: built from here, installed beside what is installed already, with nothing downloaded."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build_wheel(folder: Path) -> Path:
    """The wheel of this working tree."""
    _run("-m", "pip", "wheel", ROOT, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """A virtual environment with the wheel, which finds its requirements where this one has them; its Python."""
    _run("-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "requirements.pth").write_text("\n".join(sorted(here)), encoding="utf-8")
    _run("-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    return python


def _run(*words: str | Path) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
