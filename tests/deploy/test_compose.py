"""compose.yaml: the schema of the compose specification, and what it promises read out of it."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.__main__ import parse as parse_web
from app.deploy import assets
from app.jobs.settings import EngineSettings
from app.jobs.tls import FILES, write_certificate
from app.processes import parse as parse_engine
from app.telemetry.settings import ObserveSettings
from app.web.settings import WebSettings, web_settings

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "app" / "deploy"
FILE = DEPLOY / "compose.yaml"
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
OURS = sorted(set(SERVICES) - {"proxy"})


def test_fits_the_compose_specification() -> None:
    # By its module: the script that pip makes names the folder of its environment, which may have been moved since.
    linter = [sys.executable, "-m", "check_jsonschema"]
    done = subprocess.run(
        [*linter, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_web_processes_one_scheduler_two_workers_one_proxy() -> None:
    kinds = [re.sub(r"-\d$", "", name) for name in SERVICES]
    assert sorted(kinds) == ["assets", "certificate", "proxy", "scheduler", "web", "web", "worker", "worker"]
    assert list(SERVICES["proxy"]["ports"]) == ["127.0.0.1:8080:8080"]
    assert not any(SERVICES[name].get("ports") for name in OURS), "only the proxy is reached from outside"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_may_be_written_or_gained(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name != "proxy" or re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])


def test_dask_s_ports_are_on_a_network_without_a_way_out() -> None:
    networks = yaml.safe_load(FILE.read_text(encoding="utf-8"))["networks"]
    assert networks["engine"]["internal"] is True
    for name in ("scheduler", "worker-1", "worker-2"):
        assert SERVICES[name]["networks"] == ["engine"]
    assert "engine" not in SERVICES["proxy"]["networks"]


@pytest.mark.parametrize("name", [name for name in OURS if "command" in SERVICES[name]])
def test_commands_are_understood(name: str) -> None:
    """Each command line is read by the program that it starts."""
    python, option, module, *arguments = SERVICES[name]["command"]
    assert (python, option) == ("python", "-m")
    if module == "app.processes":
        options = parse_engine(arguments)
        if options.part == "worker":
            assert options.scheduler == SERVICES["web-1"]["environment"]["POTHOLE_SCHEDULER"]
        else:
            folder = options.state if options.part == "scheduler" else options.folder
            assert f"{folder}" == SERVICES[name]["volumes"][0].split(":")[1]
    else:
        assert (DEPLOY / "assets.py").exists() and module == "app.deploy.assets"


def test_every_part_that_speaks_to_another_shows_the_certificate() -> None:
    """It is there before they start, and only the service that makes it may write it."""
    for name in ("web-1", "web-2", "scheduler", "worker-1", "worker-2"):
        given = SERVICES[name]["environment"]
        files = [given[f"POTHOLE_TLS_{what}"] for what in ("CA", "CERT", "KEY")]
        assert files == [f"/tls/{file}" for file in FILES] and "tls:/tls:ro" in SERVICES[name]["volumes"]
        assert SERVICES[name]["depends_on"]["certificate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["certificate"]["volumes"] == ["tls:/tls"] and SERVICES["certificate"]["network_mode"] == "none"
    assert SERVICES["web-1"]["environment"]["POTHOLE_SCHEDULER"].startswith("tls://")


def test_settings_are_read_without_a_complaint(tmp_path: Path) -> None:
    """Every variable that a service is given is a row of one of the tables, and its value is taken."""
    write_certificate(tmp_path)
    tables = (WebSettings, EngineSettings, ObserveSettings)
    known = {variable for table in tables for variable, _, _ in table.table()}
    for name in OURS:
        given = {key: str(value) for key, value in SERVICES[name].get("environment", {}).items()}
        assert set(given) <= known
        plain = {key: value for key, value in given.items() if "${" not in value}
        plain = {key: value.replace("/tls/", f"{tmp_path}/") for key, value in plain.items()}
        for table in tables:
            table.from_environment(plain)
    assert parse_web([]).host == "127.0.0.1"


def test_the_proxy_s_folder_is_filled_whatever_visitors_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A password, a name or a rate from the environment once made every file a refusal: the folder stayed empty."""
    for variable, value in {"PASSWORD": "x", "HOSTS": "lab.example.org", "REQUEST_BURST": "1"}.items():
        monkeypatch.setenv(f"POTHOLE_{variable}", value)
    web_settings.cache_clear()
    some = [
        "/assets/lab.css",
        *(f"/assets/core/{name}.js" for name in ("start", "link", "keys", "gate")),
    ] * 10
    monkeypatch.setattr(assets, "addresses", lambda *_: some)
    try:
        assert asyncio.run(assets.collect(tmp_path, 0))[0] == len(some)
    finally:
        monkeypatch.undo()
        web_settings.cache_clear()
    for address in some:
        assert (tmp_path / address[1:]).read_bytes() == (ROOT / address[1:]).read_bytes()


def test_volumes_belong_to_the_image_s_user() -> None:
    """A named volume takes over the owner of the folder that the image has at its place."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    made = re.search(r"^RUN install -d -o (\d+) -g (\d+) (.*)$", dockerfile, re.MULTILINE)
    assert made is not None and f"USER {made[1]}:{made[2]}" in dockerfile
    mounted = {volume.split(":")[1] for name in OURS for volume in SERVICES[name].get("volumes", [])}
    assert mounted == set(shlex.split(made[3]))


def test_the_proxy_is_told_what_its_file_asks_for() -> None:
    asked = set(re.findall(r"\{\$(\w+)", (DEPLOY / "Caddyfile").read_text(encoding="utf-8")))
    assert asked == set(SERVICES["proxy"]["environment"])
    assert set(SERVICES["proxy"]["environment"]["POTHOLE_WEB"].split()) == {"web-1:8050", "web-2:8050"}


def test_only_the_proxy_is_trusted_to_name_visitors() -> None:
    (trusted,) = {SERVICES[name]["environment"]["POTHOLE_TRUSTED_PROXIES"] for name in ("web-1", "web-2")}
    assert SERVICES["proxy"]["networks"] == {"front": {"ipv4_address": trusted}}
    networks = yaml.safe_load(FILE.read_text(encoding="utf-8"))["networks"]
    (given,) = networks["front"]["ipam"]["config"]
    assert ip_address(trusted) in ip_network(given["subnet"])
    assert ip_address(trusted) not in ip_network(given["ip_range"]), "no other container may be given it"


def test_web_processes_share_the_key_of_the_password_s_cookie() -> None:
    for name in ("web-1", "web-2"):
        folder = SERVICES[name]["environment"]["POTHOLE_STATE_DIR"]
        assert f"web-state:{folder}" in SERVICES[name]["volumes"]
    assert "web-state:/state" not in SERVICES["scheduler"]["volumes"]
