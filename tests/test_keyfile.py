"""A key is made once, read with care, and never shown."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crossborder import keyfile
from crossborder.cli import cli
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path


def test_made_and_read(tmp_path: Path) -> None:
    """Only the owner may read it; the command tells its fingerprint and nothing else of it."""
    path = tmp_path / "persons.key"

    said = CliRunner().invoke(cli, ["key", "make", str(path)])
    key = keyfile.read(path)

    assert said.exit_code == 0
    assert key.fingerprint in said.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key.secret) == 32
    assert key.secret.hex() not in said.output + repr(key)
    assert CliRunner().invoke(cli, ["key", "show", str(path)]).output.strip() == key.fingerprint


def test_two_keys_differ() -> None:
    """By secret and by fingerprint."""
    one, other = keyfile.fresh(), keyfile.fresh()

    assert one.secret != other.secret
    assert one.fingerprint != other.fingerprint


def test_never_overwritten(tmp_path: Path) -> None:
    """What was counted under a key would be lost with it."""
    path = tmp_path / "persons.key"
    made = keyfile.make(path)

    with pytest.raises(CrossborderError, match="is there already"):
        keyfile.make(path)
    assert keyfile.read(path) == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_open_to_others(tmp_path: Path, mode: int) -> None:
    """A key that others may read is no secret; the sentence says what to type."""
    path = tmp_path / "persons.key"
    keyfile.make(path)
    path.chmod(mode)

    with pytest.raises(CrossborderError, match=f"chmod 600 {path}"):
        keyfile.read(path)


@pytest.mark.parametrize("size", [0, 31, 33, 4096])
def test_of_another_length(tmp_path: Path, size: int) -> None:
    """A cut or foreign file is no key."""
    path = tmp_path / "persons.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)

    with pytest.raises(CrossborderError, match="32 bytes are expected"):
        keyfile.read(path)


def test_lost(tmp_path: Path) -> None:
    """A missing key is not replaced by a new one."""
    with pytest.raises(CrossborderError, match="put the key back"):
        keyfile.read(tmp_path / "persons.key")
