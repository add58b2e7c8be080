"""What another user of the computer would try: reach dask's ports and run code there.

    python -m tests.app.jobs.intruder FOLDER USER PORT…       prints the ports behind which code was run, as JSON

Each port is asked plainly, with TLS and no certificate, and with a certificate made up here. The code that it tries to
run leaves a file in FOLDER. It becomes the user with that number once all is imported: Python and its packages may lie
where that user cannot read them.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import pickle
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from distributed.core import rpc
from distributed.security import Security

SECONDS = 10.0


def made_up() -> Security:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pothole lab")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Security(tls_ca_file=certificate, tls_client_cert=certificate, tls_client_key=private)


class Touch:
    """A pickle that makes a file where it is read."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return open, (self.path, "w")


async def try_port(folder: Path, port: int, scheme: str, security: Security, operation: str, seconds: float) -> bool:
    """Whether code was run behind the port."""
    path = folder / f"{port}-{scheme}-{operation}-{'mine' if security.tls_client_cert else 'none'}"
    with contextlib.suppress(Exception):  # a function that is none fails after it has been read
        arguments = security.get_connection_args("client")
        server = rpc(f"{scheme}://127.0.0.1:{port}", timeout=seconds, connection_args=arguments)
        try:
            code = pickle.dumps(Touch(str(path)))
            await asyncio.wait_for(getattr(server, operation)(function=code, args=(), kwargs={}, wait=True), seconds)
        finally:
            await server.close_rpc()
    return path.exists()


async def try_all(folder: Path, ports: list[int], seconds: float) -> list[int]:
    """The ports behind which code was run in any way."""
    ways = [("tcp", Security()), ("tls", Security()), ("tls", made_up())]
    tries = [(port, *way, operation) for port in ports for way in ways for operation in ("run_function", "run")]
    ran = await asyncio.gather(*(try_port(folder, *each, seconds) for each in tries))
    return sorted({each[0] for each, done in zip(tries, ran, strict=True) if done})


async def main(folder: Path, user: int, ports: list[int]) -> None:
    await try_all(folder, [1], 0.1)  # what is imported with the first call is imported before anything else
    if os.getuid() != user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    print(json.dumps({"ran": await try_all(folder, ports, SECONDS), "user": os.getuid()}))


if __name__ == "__main__":
    tempfile.tempdir = sys.argv[1]
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
