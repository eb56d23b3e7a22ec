"""The kit to look at: agents that replay, Prometheus and Alertmanager with the rules, and what a Grafana needs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.kit import agents, alertmanager
from tools.kit.processes import Processes, answers, free_port
from tools.kit.programs import all_here
from tools.kit.prometheus import Prometheus, configured

from crossborder.demo import write_capture

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "dashboards"
RULES = tuple(DASHBOARDS / "prometheus" / name for name in ("thresholds.yaml", "recording.yaml", "alerts.yaml"))
PORTS = {"prometheus": 9090, "alertmanager": 9093, "ministry": 9836, "province": 9837}


def show(speed: float) -> int:
    """Start everything, say where it is and wait for Ctrl-C; return the exit code."""
    all_here()
    with (
        tempfile.TemporaryDirectory(prefix="crossborder-kit-") as folder,
        Processes(Path(folder)) as processes,
        alertmanager.Receiver(free_port()) as receiver,
    ):
        print(f"making a day of traffic; logs are in {folder}", flush=True)
        capture = processes.folder / "demo.pcap"
        write_capture(capture)
        gateways = (agents.ministry(processes, _port("ministry")), agents.province(processes, _port("province")))
        for gateway in gateways:
            gateway.replay(capture, speed)
        manager = alertmanager.start(processes, _port("alertmanager"), receiver.address)
        prometheus = Prometheus(_port("prometheus"))
        targets = [gateway.target for gateway in gateways]
        prometheus.start(processes, configured(processes.folder / "prometheus.yml", targets, RULES, manager, "5s"))
        provisioning = provisioned(processes.folder / "grafana", prometheus.address)
        print("\n".join(_addresses(prometheus.address, manager, targets, provisioning, speed)), flush=True)
        _wait(receiver)
    return 0


def provisioned(folder: Path, prometheus: str) -> Path:
    """Write the provisioning folder as a Grafana on this machine needs it, with nothing left to click."""
    here = {"$CROSSBORDER_PROMETHEUS_URL": prometheus, "/var/lib/grafana/dashboards/crossborder": str(DASHBOARDS)}
    for path in (DASHBOARDS / "provisioning").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for there, value in here.items():
            text = text.replace(there, value)
        target = folder / path.relative_to(DASHBOARDS / "provisioning")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def _port(name: str) -> int:
    return free_port(PORTS[name])


def _addresses(prometheus: str, manager: str, targets: Sequence[str], grafana: Path, speed: float) -> list[str]:
    return [
        f"two gateways replay half an hour, {speed:g} times as fast; after that they fall silent, and alerts say so",
        f"  Prometheus     {_alerts(prometheus)}",
        f"  Alertmanager   http://{manager}",
        *(f"  agent          http://{target}" for target in targets),
        "  Grafana        start yours beside it:",
        f"                 GF_PATHS_PROVISIONING={grafana} grafana server --homepath /usr/share/grafana",
        f"  terminal       .venv/bin/crossborder top --url http://{targets[0]}",
        "Ctrl-C ends all of it. Alerts as they come:",
    ]


def _alerts(prometheus: str) -> str:
    """Return where this Prometheus shows its alerts: Debian's has the older pages only."""
    pages = [f"{prometheus}/alerts", f"{prometheus}/classic/alerts"]
    return next(filter(answers, pages), prometheus)


def _wait(receiver: alertmanager.Receiver) -> None:
    """Print alerts as they reach the receiver until somebody stops it."""
    told = 0
    try:
        while True:
            news = receiver.told[told:]
            for alert in news:
                print(f"  {alert['status']:8} {alert['annotations'].get('summary', '').strip()}", flush=True)
            told += len(news)
            time.sleep(1)
    except KeyboardInterrupt:
        print("ending", flush=True)
