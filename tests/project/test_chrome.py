"""Which browser the tests drive: the chosen one, the usual names in order, and a clear end where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import chrome


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return str(path)


def test_chosen_browser_comes_first(tmp_path: Path) -> None:
    program(tmp_path, "google-chrome")
    mine = program(tmp_path, "my browser")
    assert chrome.find_chrome({"PATH": str(tmp_path), "CHROME": mine}) == mine
    assert chrome.find_chrome({"PATH": str(tmp_path), "CHROME": "my browser"}) == mine


def test_wrong_choice_is_not_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "chromium")
    with pytest.raises(chrome.NoChrome, match="CHROME is set to '/not/there'"):
        chrome.find_chrome({"PATH": str(tmp_path), "CHROME": "/not/there"})


def test_usual_names_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chrome, "MAC_PATHS", ())
    environment = {"PATH": str(tmp_path)}
    assert chrome.find_chrome(environment) is None
    for name in reversed(chrome.NAMES):
        assert chrome.find_chrome(environment) != str(tmp_path / name)
        path = program(tmp_path, name)
        assert chrome.find_chrome(environment) == path


def run_bare(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "CHROME"}
    return subprocess.run(
        [sys.executable, chrome.__file__, "--install"],
        env={**environment, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac's Chrome is found without PATH")
def test_no_browser_and_no_apt_says_what_to_do(tmp_path: Path) -> None:
    done = run_bare(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "apt-get is not here" in done.stderr
    assert "set CHROME" in done.stderr


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac's Chrome is found without PATH")
def test_failed_install_says_what_to_do(tmp_path: Path) -> None:
    """apt-get is there and fails, as it does without a network."""
    program(tmp_path, "apt-get")
    program(tmp_path, "sudo")
    done = run_bare(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert ("installing it needs root" if os.geteuid() else "package failed") in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs without asking; the stand-in for sudo refuses")
def test_installed_browser_is_found(tmp_path: Path) -> None:
    """An apt-get that puts a browser in place stands in for Debian's."""
    apt = Path(program(tmp_path, "apt-get"))
    apt.write_text(
        f'#!/bin/sh\necho "apt says: $*"\n[ "$1" = install ] || exit 100\n'
        f'printf "#!/bin/sh\\n" > "{tmp_path}/chromium"\n/bin/chmod 755 "{tmp_path}/chromium"\n'
    )
    done = run_bare(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / "chromium")), done.stderr
    assert "apt says: update" in done.stderr
    assert "apt says: install --yes --no-install-recommends chromium" in done.stderr
