"""Find the Caddy that runs the proxy's configuration in a test; unpack Debian's package where there is none.

Run as a program, `python tests/deploy/caddy.py --install`, it unpacks the package's program into .cache: nothing is
installed into the system and no service is started. Where that cannot be done the test is skipped, and says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OWN = Path(__file__).resolve().parent.parent.parent / ".cache" / "caddy"


def find_caddy() -> str | None:
    """Path of the program: CADDY if it is set, else the first on the PATH, else the one unpacked here, else None."""
    return shutil.which(os.environ.get("CADDY") or "caddy") or shutil.which(str(OWN))


def unpack_caddy() -> None:
    """Fetch Debian's package and take the program out of it; leaves nothing behind where that fails."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for before in ([], ["apt-get", "update"]):
            if before and os.geteuid() == 0:
                subprocess.run(before, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            subprocess.run(
                ["apt-get", "download", "caddy"],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            packages = list(Path(folder).glob("caddy_*.deb"))
            if packages:
                subprocess.run(["dpkg-deb", "-x", packages[0], f"{folder}/files"], check=True)
                OWN.parent.mkdir(exist_ok=True)
                shutil.move(f"{folder}/files/usr/bin/caddy", OWN)
                return


def main() -> None:
    """Print the path; with --install after unpacking one where there is none. Ends well without one, too."""
    if find_caddy() is None and "--install" in sys.argv[1:]:
        unpack_caddy()
    print(find_caddy() or "")


if __name__ == "__main__":
    main()
