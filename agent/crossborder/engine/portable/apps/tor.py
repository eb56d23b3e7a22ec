"""Tells a link of Tor by the certificate its relays make for themselves (up to TLS 1.2).

A relay is `www.<random>.net`, signed by `www.<random>.com`, and nothing else: one attribute each, no alternative name.
Random is base32 in lower case. Each of that alone may be chance; all of it, with numerals where people put words, is
not. The client asks for a third such name. From TLS 1.3 on the certificate is encrypted, and nothing can be told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.certificate import CertificateNames

NUMERALS_LEAST: Final = 2  # in both random names together; all but one in fifty pairs have them

_SUBJECT: Final = re.compile(rb"CN=www\.([a-z2-7]{8,20})\.net")
_ISSUER: Final = re.compile(rb"CN=www\.([a-z2-7]{8,20})\.com")
_ASKED: Final = re.compile(r"www\.[a-z2-7]{4,25}\.com")


def is_tor(certificate: CertificateNames, asked: str | None) -> bool:
    """Tell whether a server's certificate is a relay's; `asked` is the name in the client's hello, None without one."""
    subject = _SUBJECT.fullmatch(certificate.subject or b"")
    issuer = _ISSUER.fullmatch(certificate.issuer or b"")
    if subject is None or issuer is None or certificate.dns_names:
        return False
    if asked is not None and not _ASKED.fullmatch(asked):
        return False
    both = subject[1] + issuer[1]
    return subject[1] != issuer[1] and sum(both.count(numeral) for numeral in b"234567") >= NUMERALS_LEAST
