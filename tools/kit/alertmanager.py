"""An Alertmanager on loopback, and somebody to be told: a receiver that keeps what reaches it."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import yaml
from tools.kit.programs import program

if TYPE_CHECKING:
    from tools.kit.processes import Processes


class Receiver:
    """A webhook on loopback: what fired and what was resolved, alert by alert."""

    def __init__(self, port: int) -> None:
        """Take the port; it listens from the start of the context to its end."""
        self.address = f"http://127.0.0.1:{port}/"
        self.fired: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.resolved: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.told: list[dict[str, Any]] = []  # all of it, in the order it came
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, body: bytes) -> None:
        """Keep what a message tells."""
        for alert in json.loads(body)["alerts"]:
            kept = self.fired if alert["status"] == "firing" else self.resolved
            kept[alert["labels"]["alertname"]].append(alert)
            self.told.append(alert)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def start(processes: Processes, port: int, receiver: str) -> str:
    """Start an Alertmanager that tells the receiver at once, alert by alert; return its host:port."""
    config, data = processes.folder / "alertmanager.yml", processes.folder / "alertmanager-data"
    config.write_text(yaml.safe_dump(_settings(receiver), sort_keys=False), encoding="utf-8")
    command = [program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={data}"]
    words = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn"]
    process = processes.start("alertmanager", [*command, *words])
    processes.ready("alertmanager", process, f"http://127.0.0.1:{port}/-/ready")
    return f"127.0.0.1:{port}"


def _settings(receiver: str) -> dict[str, Any]:
    waits = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
    return {
        "route": {"receiver": "kit", "group_by": ["..."], **waits},
        "receivers": [{"name": "kit", "webhook_configs": [{"url": receiver, "send_resolved": True}]}],
    }
