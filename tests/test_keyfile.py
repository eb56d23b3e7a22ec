"""A key is made once, read with care, and never shown."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crossborder import keyfile, signingkey
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


def test_a_pair_for_signing(tmp_path: Path) -> None:
    """The private key is its owner's alone, the public one tells what it signed, openssl reads both."""
    path = tmp_path / "events.key"

    said = CliRunner().invoke(cli, ["key", "make", "--signing", str(path)])
    signer, public = signingkey.read(path), signingkey.read_public(tmp_path / "events.key.pub")
    signature = signer.sign(b"said").decode()
    shown = CliRunner().invoke(cli, ["key", "show", f"{path}.pub"]).output.strip()

    assert said.exit_code == 0, said.output
    assert signer.fingerprint == public.fingerprint == shown
    assert signer.fingerprint in said.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public.fits(signature, b"said")
    assert not public.fits(signature, b"sand")
    assert not public.fits("?", b"said")
    assert "PRIVATE" not in repr(signer)


def test_a_signing_key_is_read_with_care(tmp_path: Path) -> None:
    """Open to others, no key, a public one for a private one, or not there: a sentence with what to type."""
    path = tmp_path / "events.key"
    with pytest.raises(CrossborderError, match="crossborder key make --signing"):
        signingkey.read(path)
    signingkey.make(path)
    with pytest.raises(CrossborderError, match="is there already"):
        signingkey.make(path)
    with pytest.raises(CrossborderError, match="is no public Ed25519 key"):
        signingkey.read_public(path)
    path.chmod(0o640)
    with pytest.raises(CrossborderError, match=f"chmod 600 {path}"):
        signingkey.read(path)
    path.chmod(0o600)
    path.write_bytes((tmp_path / "events.key.pub").read_bytes())
    with pytest.raises(CrossborderError, match="is no Ed25519 key"):
        signingkey.read(path)
