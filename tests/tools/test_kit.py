"""The kit's own parts; that it works as a whole is what `make kit-test` shows."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.dashboards.rules import ALERTS, FOLDER
from tools.dashboards.queries import queries
from tools.kit import agents
from tools.kit.alertmanager import Receiver
from tools.kit.expected import EITHER, FIRES, NOT_ASKED
from tools.kit.hurry import hurried, seconds, shortened
from tools.kit.processes import free_port
from tools.kit.show import provisioned

from crossborder.config import data_folder

ROOT = FOLDER.parents[1]


@pytest.mark.parametrize("what", ["show", "trial"])
def test_without_prometheus_the_package_is_named(what: str) -> None:
    """Exit code 2 and one sentence; nothing was started before."""
    command = [sys.executable, "-m", "tools.kit", what]
    ended = subprocess.run(
        command, cwd=ROOT, env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr == (
        "prometheus is not installed; Debian and Ubuntu have it in prometheus: apt-get install prometheus\n"
    )
    assert not ended.stdout


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("rate(x[5m])", "rate(x[5000ms])"),
        ("sum(x) - sum(x offset 10m)", "sum(x) - sum(x offset 10000ms)"),
        ("max_over_time(rate(x[1m])[1h:5m])", "max_over_time(rate(x[3000ms])[60000ms:5000ms])"),
        ("x[1h30m]", "x[90000ms]"),
        ("time() - x > 200 * 86400", "time() - x > 200 * 86400"),
        ('x{y="5m"} > 60', 'x{y="5m"} > 60'),
    ],
)
def test_windows_and_offsets_shrink_and_nothing_else(expression: str, wanted: str) -> None:
    """Sixty times as fast; a window is never too short for three scrapes."""
    assert shortened(expression, 60) == wanted


def test_hurried_rules_are_the_same_rules(tmp_path: Path) -> None:
    """All alerts are there, with their labels and texts; what they wait for is shorter."""
    hurried(FOLDER / "alerts.yaml", tmp_path / "alerts.yaml", 60)
    document = yaml.safe_load((tmp_path / "alerts.yaml").read_text(encoding="utf-8"))
    rules = {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}

    assert rules.keys() == set(ALERTS)
    for name, rule in rules.items():
        assert (rule["labels"], rule["annotations"]) == (ALERTS[name]["labels"], ALERTS[name]["annotations"])
        for wait in ("for", "keep_firing_for"):
            if wait in ALERTS[name]:
                assert seconds(rule[wait]) == pytest.approx(seconds(ALERTS[name][wait]) / 60)


def test_what_is_expected_exists() -> None:
    """Alerts that must or may fire are alerts of the kit; most data sources are asked."""
    sources = {query.source for query in queries(ROOT / "dashboards")}

    assert set(FIRES) | set(EITHER) <= set(ALERTS)
    assert sources - NOT_ASKED.keys() == {"prometheus"}


@pytest.mark.parametrize("write", [agents.worrying_permits, agents.renewed_permits])
def test_permits_of_the_kit_are_fine(write: object, tmp_path: Path) -> None:
    """The agent takes them on any day."""
    path = tmp_path / "permits.yaml"
    write(path)  # type: ignore[operator]  # one of the two above
    command = [sys.executable, "-m", "crossborder", "permits", "check", str(path)]

    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_receiver_tells_what_fires_from_what_has_ended() -> None:
    """A message of Alertmanager's webhook is taken apart alert by alert."""
    told = (("firing", "A"), ("resolved", "B"))
    alerts = [{"status": status, "labels": {"alertname": name}} for status, name in told]
    port = free_port()
    with Receiver(port) as receiver:
        sent = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        sent.request("POST", "/", json.dumps({"alerts": alerts}))
        assert sent.getresponse().status == 200
        sent.close()

    assert (list(receiver.fired), list(receiver.resolved)) == (["A"], ["B"])


def test_a_grafana_beside_it_finds_everything(tmp_path: Path) -> None:
    """The provisioning folder names this machine's Prometheus and dashboards, and no variable that nobody sets."""
    folder = provisioned(tmp_path / "grafana", "http://127.0.0.1:1")
    texts = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.yaml")))
    provider = yaml.safe_load((folder / "dashboards" / "crossborder.yaml").read_text(encoding="utf-8"))

    assert "http://127.0.0.1:1" in texts
    assert list(Path(provider["providers"][0]["options"]["path"]).glob("*.json"))
    assert data_folder("dashboards") == Path(provider["providers"][0]["options"]["path"])
