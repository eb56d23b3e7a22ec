"""What tables and standards say of an address, which stands over the databases."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from crossborder.classify.layers import Layers
from crossborder.prefixes import BOGONS, EMBEDDINGS, NEVER_CROSSES, PRIVATE, Embedding, PrefixMap, PrefixSet

if TYPE_CHECKING:
    from crossborder.classify.sources import Sources
    from crossborder.classify.tables import Entry
    from crossborder.prefixes import Network

# Databases keep IPv4 in ::/96; an address there (IPv4-compatible, RFC 4291 2.5.5.1) is deprecated and nobody's.
RESERVED = PrefixSet(
    [*PRIVATE, *NEVER_CROSSES.networks, *BOGONS.networks, ipaddress.ip_network("::/96")],
)
"""Never looked up in a database: private, multicast, link-local, documentation space and the like."""


class Standing(NamedTuple):
    """What is said of the addresses of a range: the first that is said counts."""

    overlay: tuple[Network, Entry] | None  # the operator's word
    embeds: Embedding | None  # they go by the IPv4 address inside
    reserved: bool  # nobody's
    cloud: tuple[Network, Entry] | None
    anycast: tuple[Network, Entry] | None  # whoever places them

    @property
    def open(self) -> bool:
        """Tell whether the country database is asked."""
        return not (self.overlay or self.embeds or self.reserved or self.cloud)


def standings(sources: Sources) -> Layers[Standing]:
    """Return the standing of every address."""
    nat64 = {ipaddress.IPv6Network((head + bytes(4), 96)): Embedding.LAST for head in sources.nat64}
    embedding = PrefixMap((EMBEDDINGS | nat64).items())
    overlays, clouds, anycast = sources.overlays.prefixes, sources.clouds.prefixes, sources.anycast.prefixes

    def say(key: bytes) -> Standing:
        overlay = overlays.match(key)
        embeds = None if overlay else embedding.get(key)
        return Standing(overlay, embeds, key in RESERVED, clouds.match(key), anycast.match(key))

    return Layers((overlays, embedding, RESERVED, clouds, anycast), say)
