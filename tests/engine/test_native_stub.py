"""What is said of the native extension is so: its stub, its version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.conftest import ROOT

from crossborder.cli import cli
from crossborder.engine import native_available

if TYPE_CHECKING:
    from pathlib import Path

STUB = ROOT / "agent" / "native" / "crates" / "python"
# The package around the extension is made by maturin: it re-exports the module inside it, with its __all__.
PACKAGING = "crossborder_native\\.__all__\ncrossborder_native\\.crossborder_native\n"


pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")


def test_the_stub_is_the_extensions(tmp_path: Path) -> None:
    """Every name, parameter and default, both ways: what mypy believes of the door is so."""
    allowed = tmp_path / "allowed"
    allowed.write_text(PACKAGING, encoding="utf-8")
    command = [sys.executable, "-m", "mypy.stubtest", "crossborder_native", "--concise", "--allowlist", str(allowed)]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(STUB)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_version_tells_of_the_extension() -> None:
    """The version of the package that is installed is the one the extension was built as."""
    import crossborder_native

    said = json.loads(CliRunner().invoke(cli, ["version", "--json"]).output)

    assert said["crossborder-native"] == crossborder_native.__version__
