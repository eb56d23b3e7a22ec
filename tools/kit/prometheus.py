"""A Prometheus on loopback: its configuration, and what is asked of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from tools.kit.programs import program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.kit.processes import Processes


class Alert(NamedTuple):
    """One alert that is pending or firing."""

    name: str
    state: str
    labels: dict[str, str]


class Prometheus:
    """A server at an address; started by `start`."""

    def __init__(self, port: int) -> None:
        """Take the port of loopback it listens on."""
        self.address = f"http://127.0.0.1:{port}"
        self._port = port

    def start(self, processes: Processes, config: Path) -> None:
        """Start the server with a configuration and wait until it is ready."""
        command = [program("prometheus"), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{self._port}"]
        data = processes.folder / "prometheus-data"
        process = processes.start("prometheus", [*command, f"--storage.tsdb.path={data}", "--log.level=warn"])
        processes.ready("prometheus", process, f"{self.address}/-/ready")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an expression now; raises ValueError with what Prometheus says is wrong with it."""
        return list(self._get("query", query=expression)["result"])

    def alerts(self) -> list[Alert]:
        """Return what is pending and what fires."""
        found = self._get("alerts")["alerts"]
        return [Alert(a["labels"]["alertname"], a["state"], a["labels"]) for a in found]

    def broken_rules(self) -> list[str]:
        """Return the rules that could not be evaluated, with the reason."""
        rules = [rule for group in self._get("rules")["groups"] for rule in group["rules"]]
        return [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule.get("lastError")]

    def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 - loopback
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None
        return dict(answer["data"])


def configured(
    path: Path, targets: Sequence[str], rules: Sequence[Path], alertmanager: str | None, every: str = "15s"
) -> Path:
    """Write prometheus.yml for agents at `targets` (host:port), which are scraped and judged as often as `every`."""
    document: dict[str, Any] = {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(rule) for rule in rules],
        "scrape_configs": [{"job_name": "crossborder", "static_configs": [{"targets": list(targets)}]}],
    }
    if alertmanager:
        document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
