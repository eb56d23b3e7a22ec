"""Encrypts to the public keys of recipients, as the `age` tool does: whoever seals cannot open. The door to pyrage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError, Fault

if TYPE_CHECKING:
    import pyrage

SUFFIX = ".age"
_MOST = 65_536  # bytes of a file of recipients


class Seal:
    """Encrypts to all of some recipients; there is at least one."""

    def __init__(self, recipients: Path | tuple[str, ...]) -> None:
        """Take public keys (`age1…`, `ssh-ed25519 …`, `ssh-rsa …`), or a file with one a line as age reads it.

        Raises CrossborderError with every one that is none, or when there is none at all.
        """
        lines = _lines(recipients) if isinstance(recipients, Path) else [("", None, key) for key in recipients]
        keys, faults = [], []
        for path, line, text in lines:
            try:
                keys.append(_recipient(text))
            except ValueError as error:
                faults.append(Fault(path, line, f"{text[:24]!r} is no public key of age: {error}"))
        if faults:
            raise CrossborderError(*faults)
        if not keys:
            raise CrossborderError(Fault(str(recipients or ""), None, "there is no recipient, and no clear mode"))
        self._recipients = keys

    def __call__(self, data: bytes) -> bytes:
        """Return data as an age file."""
        import pyrage

        sealed: bytes = pyrage.encrypt(data, self._recipients)
        return sealed


def _lines(path: Path) -> list[tuple[str, int | None, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            lines = file.read(_MOST).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CrossborderError.at(path, f"recipients cannot be read: {why}") from None
    told = ((number, line.strip()) for number, line in enumerate(lines, 1))
    return [(str(path), number, line) for number, line in told if line and not line.startswith("#")]


def _recipient(text: str) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    """Return a public key; raises ValueError with what is wrong with it."""
    import pyrage

    kind = pyrage.ssh.Recipient if text.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return kind.from_str(text)
    except pyrage.RecipientError as error:
        raise ValueError(str(error)) from None
