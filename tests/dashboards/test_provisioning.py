"""Grafana's provisioning files: where dashboards are read from and how the data source is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossborder import yamlfile

FOLDER = Path(__file__).resolve().parents[2] / "dashboards" / "provisioning"


def _read(path: str) -> Any:
    """Return a file as our own strict reader sees it."""
    return yamlfile.read(FOLDER / path).data


def test_dashboards_are_read_from_a_folder_of_their_own() -> None:
    """Where the compose file and the manual put them."""
    (provider,) = _read("dashboards/crossborder.yaml")["providers"]

    assert provider["type"] == "file"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards/crossborder"
    assert not provider["allowUiUpdates"]


def test_the_data_source_is_asked_by_the_environment() -> None:
    """One Prometheus, which the variable of each dashboard finds by its kind; no Loki unless somebody wants one."""
    (source,) = _read("datasources/crossborder.yaml")["datasources"]

    assert (source["type"], source["url"]) == ("prometheus", "$CROSSBORDER_PROMETHEUS_URL")
    assert source["isDefault"]
    assert source["jsonData"] == {"httpMethod": "POST", "timeInterval": "15s"}
