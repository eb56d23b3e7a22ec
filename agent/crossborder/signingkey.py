"""The pair of keys an event log is signed and verified with: Ed25519, as PEM, which openssl reads too."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError
from crossborder.keyfile import read_secret, write_secret

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC = ".pub"
_MOST = 4096  # bytes of a PEM file


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """Tells whether a signature is of its private key."""

    fingerprint: str  # SHA-256 of the public key's DER, as `openssl pkey -pubin -outform DER | sha256sum` says it
    _key: Ed25519PublicKey = field(repr=False)

    def fits(self, signature: str, data: bytes) -> bool:
        """Tell whether a signature (base64) is of these bytes."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(base64.b64decode(signature, validate=True), data)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Signs; never shown, only the fingerprint of its public key is."""

    fingerprint: str
    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Return the signature as base64; the same for the same bytes."""
        return base64.b64encode(self._key.sign(data))


def make(path: Path) -> SigningKey:
    """Write a new private key of mode 0600, its public key beside it; raises CrossborderError where one is there."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = path.with_name(path.name + PUBLIC)
    if public.exists():
        raise CrossborderError.at(public, "is there already and is not overwritten: logs are verified with it")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    write_secret(path, secret, "logs that it signed would need another one from there on")
    try:
        public.write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
    except OSError as error:
        raise CrossborderError.at(public, f"cannot be written: {error.strerror or error}") from None
    return SigningKey(_fingerprint(key.public_key()), key)


def read(path: Path) -> SigningKey:
    """Read a private key; raises CrossborderError with what to do where it is missing, open to others, or none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    missing = f"the signing key is not there; to make one: crossborder key make --signing {path}"
    secret = read_secret(path, _MOST, missing)
    try:
        key = load_pem_private_key(secret, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise CrossborderError.at(path, f"is no Ed25519 key in PEM; to make one: crossborder key make --signing {path}")
    return SigningKey(_fingerprint(key.public_key()), key)


def read_public(path: Path) -> VerifyingKey:
    """Read a public key; raises CrossborderError where it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        with path.open("rb") as file:
            key = load_pem_public_key(file.read(_MOST))
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise CrossborderError.at(path, "is no public Ed25519 key in PEM, as crossborder key make --signing writes it")
    return VerifyingKey(_fingerprint(key), key)


def _fingerprint(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives import serialization as s

    return hashlib.sha256(key.public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)).hexdigest()
