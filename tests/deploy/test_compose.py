"""What deploy/compose.yaml starts is pinned, closed to the outside and finds every file it mounts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.kit.programs import program

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def _mounts(service: dict[str, Any]) -> list[list[str]]:
    return [volume.split(":") for volume in service.get("volumes", ())]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    """Every image has a version, but the one that is built here; and so have those it is built from."""
    image = SERVICES[name]["image"]
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)

    assert "build" in SERVICES[name] or re.search(r":v?\d+\.\d+\.\d+$", image)
    assert all(re.search(r":\d+\.\d+", base) for base in bases)
    assert all(base.startswith("docker.io/library/") for base in bases)


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_loopback(name: str) -> None:
    """Ports stand on 127.0.0.1; nobody has a capability or may gain one."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str) -> None:
    """Files and folders of the repository exist and are read-only; volumes are declared."""
    for source, _, *how in _mounts(SERVICES[name]):
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert how == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_grafana_needs_no_hand() -> None:
    """The provisioning that is mounted points at the dashboards that are mounted, and at Prometheus."""
    grafana = SERVICES["grafana"]
    inside = {there: DEPLOY / here for here, there, *_ in _mounts(grafana) if here.startswith(".")}
    provider = yaml.safe_load((inside["/etc/grafana/provisioning"] / "dashboards" / "crossborder.yaml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert len(list(inside[folder].glob("*.json"))) == 14
    assert (inside[str(home.parent)] / home.name).exists()
    assert grafana["environment"]["CROSSBORDER_PROMETHEUS_URL"] == "http://prometheus:9090"


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    """Promtool accepts the file with the rules where they are mounted; its targets are services."""
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    here = tmp_path / "prometheus.yml"
    here.write_text(text.replace("/etc/prometheus/rules", str(DEPLOY.parent / "dashboards" / "prometheus")))
    checked = subprocess.run(
        [program("promtool"), "check", "config", here], capture_output=True, text=True, check=False
    )
    hosts = {host for host, _ in re.findall(r'"(\w+):(\d+)"', text)}

    assert checked.returncode == 0, checked.stderr
    assert hosts == {"agent", "alertmanager"} <= SERVICES.keys()


def test_the_agent_is_told_what_it_understands() -> None:
    """The command's words are options of the command, and its configuration is mounted."""
    agent = SERVICES["agent"]
    command = [word.split("=")[0] for word in agent["command"][2:]]
    shown = subprocess.run(
        [sys.executable, "-m", "crossborder", "replay", "--help"], capture_output=True, text=True, check=True
    ).stdout
    config = next(word.split("=")[1] for word in agent["command"] if word.startswith("--config="))
    mounted = {there: DEPLOY / here for here, there, *_ in _mounts(agent)}

    assert all(option in shown for option in command)
    assert (mounted[str(Path(config).parent)] / Path(config).name).exists()
