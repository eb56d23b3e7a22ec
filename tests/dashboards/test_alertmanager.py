"""The example configuration of Alertmanager: read by amtool; who is told, and what may keep quiet what."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from tests.dashboards.rules import ALERTS, FOLDER
from tests.promtool import program

from crossborder import yamlfile

FILE = FOLDER / "alertmanager.yaml"
INHIBITS: list[dict[str, Any]] = yamlfile.read(FILE).data["inhibit_rules"]


def amtool(*args: str) -> subprocess.CompletedProcess[str]:
    """Run amtool."""
    command = [program("amtool", "prometheus-alertmanager"), *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def concerned(matchers: list[str]) -> set[str]:
    """Return the alerts that matchers of a rule take."""
    said = (re.fullmatch(r'alertname =(~?)\s*"?(.*?)"?', matcher) for matcher in matchers)
    patterns = [found[2] if found[1] else re.escape(found[2]) for found in said if found]
    return {name for name in ALERTS if all(re.fullmatch(pattern, name) for pattern in patterns)}


def test_amtool_reads_the_configuration() -> None:
    """Syntax, receivers, matchers."""
    done = amtool("check-config", str(FILE))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_who_is_told(name: str) -> None:
    """Critical alerts wake somebody; what an officer reads reaches one."""
    severity = ALERTS[name]["labels"]["severity"]
    officers = bool(re.search("Violation|Grave|Permit|Band", name))
    wanted = ["compliance"] * officers + ["duty" if severity == "critical" else "operators"]

    done = amtool("config", "routes", "test", f"--config.file={FILE}", f"alertname={name}", f"severity={severity}")

    assert done.stdout.strip().split(",") == wanted


def test_no_finding_is_ever_inhibited() -> None:
    """Whatever else is wrong, a finding is told; what is inhibited exists."""
    kept_quiet = [concerned(rule["target_matchers"]) for rule in INHIBITS]

    assert all(kept_quiet)
    assert all(concerned(rule["source_matchers"]) for rule in INHIBITS)
    assert not [name for names in kept_quiet for name in names if re.search("Violation|Grave|Permit", name)]
