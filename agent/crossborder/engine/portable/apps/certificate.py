"""Names in a server's certificate (X.509, RFC 5280) as text of RFC 4514."""

from __future__ import annotations

import warnings
from typing import NamedTuple

MAX_CERTIFICATE = 32_768  # bytes; larger ones are not looked at


class CertificateNames(NamedTuple):
    """Whom a certificate is for and who signed it; None where that cannot be read."""

    subject: str | None
    issuer: str | None


def certificate_names(der: bytes) -> CertificateNames:
    """Return subject and issuer of a certificate in DER, the most specific name first."""
    from cryptography import x509

    if len(der) > MAX_CERTIFICATE:
        return CertificateNames(None, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd serial numbers and the like: the wire's fault, not ours
        try:
            certificate = x509.load_der_x509_certificate(der)
        except Exception:  # noqa: BLE001 - a parser of hostile bytes that documents no closed list of errors
            return CertificateNames(None, None)
        return CertificateNames(_text(certificate, "subject"), _text(certificate, "issuer"))


def _text(certificate: object, field: str) -> str | None:
    try:
        return str(getattr(certificate, field).rfc4514_string())
    except Exception:  # noqa: BLE001 - the names are decoded only here
        return None
