"""`python -m app` and `python -m app.processes`: their options, and what they say when they cannot listen."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from app import processes
from app.__main__ import listen, main, parse
from app.jobs import EngineSettings
from app.jobs.tls import FILES, make_certificate
from app.ports import cannot_listen


def test_the_port_comes_from_the_option_or_the_environment(monkeypatch):
    monkeypatch.delenv("PORT", raising=False)
    assert parse([]).port == 8050
    monkeypatch.setenv("PORT", "8061")
    assert parse([]).port == 8061
    assert parse(["--port", "8062"]).port == 8062


def test_runs_are_named_together_or_one_by_one():
    assert parse(["--run", "a", "b", "--run", "c"]).run == ["a", "b", "c"] and parse([]).run is None


@pytest.mark.parametrize("port", ["x", "-1", "70000", "", "80.5", "9" * 5000, "²", "٣"])
def test_a_wrong_port_is_a_sentence(port, capsys):
    for read, arguments in ((parse, []), (processes.parse, ["scheduler"])):
        with pytest.raises(SystemExit, match="2"):
            read([*arguments, "--port", port])
        assert "the port must be a number from 0 to 65535" in capsys.readouterr().err


def test_a_taken_port_is_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\).*another port"
        with pytest.raises(SystemExit, match=said):
            listen("127.0.0.1", port)
        done = subprocess.run(
            [sys.executable, "-m", "app.processes", "scheduler", "--port", str(port), "--state", "none"],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 1 and re.fullmatch(f"The scheduler {said}.*", done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["h", "h:1", "tcp://h", "tcp://:1", "tcp://h:0", "tcp://h:99999", "tcp://h:1/"])
def test_an_address_of_no_scheduler_is_a_sentence(address):
    with pytest.raises(ValueError, match=f"POTHOLE_SCHEDULER must be an address of the form .*, not '{address}'"):
        EngineSettings(scheduler=address)


def test_files_that_are_no_certificates_are_a_sentence(tmp_path):
    """They were found out by each connection, for ever: a page said that the scheduler does not answer."""
    certificate, key = make_certificate()
    other, _ = make_certificate()
    locked = load_pem_private_key(key.encode(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )

    def settings(*texts):
        for name, text in zip(FILES, texts, strict=True):
            (tmp_path / name).write_text(text)
        return EngineSettings(
            **dict(zip(("tls_ca", "tls_cert", "tls_key"), map(str, map(tmp_path.joinpath, FILES)), strict=True))
        )

    assert settings(certificate, certificate, key).tls_ca
    with pytest.raises(ValueError, match=r"POTHOLE_TLS_CA names .*ca\.pem', which is no certificate"):
        settings("nothing", certificate, key)
    for pair in ((certificate, "nothing"), ("nothing", key), (other, key), (certificate, locked.decode())):
        with pytest.raises(
            ValueError, match=r"POTHOLE_TLS_CERT and POTHOLE_TLS_KEY name .* no certificate and its key"
        ):
            settings(certificate, *pair)


def test_an_unknown_host_is_a_sentence():
    """What is wrong is the host: another port would not help."""
    said = r"cannot listen on 203\.0\.113\.7:0 \(.*\)\. The host must be a name or an address of this machine\."
    with pytest.raises(SystemExit, match=said):
        listen("203.0.113.7", 0)
    done = subprocess.run(
        [sys.executable, "-m", "app.processes", "scheduler", "--host", "203.0.113.7", "--port", "0", "--state", "none"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1 and re.fullmatch(f"The scheduler {said}", done.stderr.splitlines()[-1])


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (PermissionError(errno.EACCES, "no"), "Choose another port: --port 8051."),
        (socket.gaierror(socket.EAI_NONAME, "no"), "The host must be a name or an address of this machine."),
    ],
)
def test_the_advice_fits_what_was_wrong(error, advice):
    said = str(cannot_listen("Pothole lab", "here", 80, error, "--port 8051"))
    assert said == f"Pothole lab cannot listen on here:80 (no). {advice}"


def test_port_zero_takes_a_free_one():
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


def test_the_table_of_controls_is_printed(capsys):
    main(["--controls"])
    printed = capsys.readouterr().out
    assert printed.startswith("| key | symbol |")
    assert "| learning_rate | η |" in printed


def test_the_engine_s_parts_print_their_settings_and_make_a_certificate_once(tmp_path, monkeypatch, capsys):
    processes.main(["settings"])
    assert capsys.readouterr().out.startswith("POTHOLE_SCHEDULER ")
    for said in ("Made a certificate", "There is already a certificate"):
        processes.main(["certificate", str(tmp_path)])
        assert capsys.readouterr().out == f"{said} in {tmp_path}\n"
    with pytest.raises(SystemExit, match="No certificate can be put into /dev/null/x"):
        processes.main(["certificate", "/dev/null/x"])
    monkeypatch.delenv("POTHOLE_SCHEDULER", raising=False)
    with pytest.raises(SystemExit):
        processes.parse(["worker"])
    assert "say where the scheduler is: python -m app.processes worker tls://" in capsys.readouterr().err


def test_help_is_quick_and_imports_nothing_heavy():
    script = "import sys, app.__main__; print(sorted({'dash', 'numpy', 'torch'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", [["app"], ["app.processes", "scheduler"], ["app.processes", "worker", "tcp://x:1"]]
)
def test_a_misspelt_variable_ends_every_program_with_one_sentence(arguments):
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "POTHOLE_PASWORD": "x"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and "POTHOLE_PASWORD is no setting" in line and "POTHOLE_PASSWORD" in line


@pytest.mark.parametrize("arguments", [["app", "--port", "0"], ["app.processes", "worker", "tcp://127.0.0.1:1"]])
def test_a_gpu_that_is_not_here_ends_what_would_compute_on_it(arguments):
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "POTHOLE_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and "does not start: POTHOLE_DEVICE is cuda, and torch finds no CUDA GPU" in line


def test_a_host_that_can_be_no_name_is_a_sentence():
    with pytest.raises(SystemExit, match=r"cannot listen on a+:0"):
        listen("a" * 300, 0)
