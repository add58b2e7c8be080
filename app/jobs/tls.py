"""Who may speak to scheduler and workers: whoever shows the cluster's certificate, and nobody else.

dask's parts send each other code, so whoever reaches one of their ports may run anything there. Every part therefore
asks every other for a certificate that the cluster's authority has signed. An embedded engine makes its own, which
never leaves the processes; the parts of a cluster are given three files (POTHOLE_TLS_CA, _CERT and _KEY).
"""

from __future__ import annotations

import contextlib
import datetime
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from distributed.security import Security

from app.jobs.settings import EngineSettings

FILES = ("ca.pem", "cert.pem", "key.pem")


def security_of_cluster(settings: EngineSettings) -> Security:
    """What a part of a cluster shows and asks for: the three files, or without them nothing."""
    if not settings.tls_ca:
        return Security(require_encryption=False)
    return _security(settings.tls_ca, settings.tls_cert, settings.tls_key)


def security_of_its_own() -> Security:
    """A certificate for the parts of an embedded engine."""
    certificate, key = make_certificate()
    return _security(certificate, certificate, key)


def protocol_of(security: Security) -> str:
    """The scheme of the addresses that go with it."""
    return "tls://" if security.require_encryption else "tcp://"


def make_certificate() -> tuple[str, str]:
    """(certificate, key), PEM: a certificate that is its own authority, for all parts of one cluster.

    It is valid at any date that a clock may show: what counts is who has the key, and a clock that is set back must not
    end what runs.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pothole lab")])
    utc = datetime.UTC
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(1970, 1, 2, tzinfo=utc))
        .not_valid_after(datetime.datetime(9999, 12, 31, tzinfo=utc))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def write_certificate(folder: Path) -> bool:
    """Put ca.pem, cert.pem and key.pem into a folder, readable for their owner alone; False where they are there."""
    if all((folder / name).exists() for name in FILES):
        return False
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = make_certificate()
    for name, text in zip(FILES, (certificate, certificate, key), strict=True):
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
        with open(folder / name, "x", opener=_open_private) as file:
            file.write(text)
    return True


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _security(authority: str, certificate: str, key: str) -> Security:
    """Each of the three is a file's path or PEM itself."""
    roles = {
        f"tls_{role}_{what}": value
        for role in ("scheduler", "worker", "client")
        for what, value in (("cert", certificate), ("key", key))
    }
    return Security(tls_ca_file=authority, require_encryption=True, **roles)
