"""One permit: an approved transfer as the operator writes it down, and the shape of the file that holds permits."""

from __future__ import annotations

import ipaddress
import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crossborder import yamlfile
from crossborder.match.filters import filled
from crossborder.match.head import Day, some
from crossborder.match.permits import SIGNS, UNTAGGED, VIETNAM
from crossborder.match.ruleset import Route  # noqa: TC001 - pydantic reads annotations
from crossborder.model import UNKNOWN_COUNTRY

MOST = (1 << 63) - 1  # what a database of whole numbers holds

_CATEGORY = re.compile(rf"(?:core|important|personal)(?::[A-Za-z0-9][A-Za-z0-9._-]*)?|{SIGNS}|{UNTAGGED}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is not 1 to 64 letters, digits and ._/- beginning with a letter or digit")
    return value


def _category(value: str) -> str:
    if not _CATEGORY.fullmatch(value):
        known = f"core, important, personal, {SIGNS} or {UNTAGGED}"
        raise ValueError(f"{value!r} is not a category: {known}, with an item as core:I.26")
    return value


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError(f"{value!r} is not an ISO 3166 alpha-2 code in capitals, as SG")
    return value


def _network(value: object) -> object:
    return ipaddress.ip_network(str(value))


def _server_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a name in small letters, as files.example or *.files.example")
    return value


def _bytes(value: object) -> object:
    size = yamlfile.size(value)
    if size is None and not isinstance(value, int):
        raise ValueError("a number of bytes or a size as 500MiB, 20GiB or 2TiB is expected")
    return value if size is None else size


def _text(value: object) -> object:
    """Take a number as the text it is written as: dossiers are often numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text), Field(max_length=256)]
Network = Annotated[Any, BeforeValidator(_network), Field(json_schema_extra={"type": "string"})]
Ground = Literal["emergency", "staff", "contract"]
Form = Literal["storage-abroad", "recipient-abroad", "platform-abroad"]


Said = Annotated[Text, AfterValidator(filled)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sender(_Part):
    """Who may send. Given both, both must fit; of each list one."""

    units: tuple[Text, ...] = Field((), description="Units, as the assets file and `unit` of the configuration say.")
    systems: tuple[Text, ...] = Field((), description="Systems of the assets file.")

    @model_validator(mode="after")
    def _somebody(self) -> Sender:
        if not self.units and not self.systems:
            raise ValueError("units or systems are expected: a permit has a sender")
        return self


class Recipient(_Part):
    """One recipient. What is given must all fit, one value of each list."""

    name: Said = Field("", description="Who it is, for people.")
    networks: tuple[Network, ...] = Field((), description="Addresses and prefixes, IPv4 and IPv6.")
    server_names: tuple[Annotated[str, AfterValidator(_server_name)], ...] = Field(
        (), description="Names as files.example, or *.files.example for every name below it."
    )
    asns: tuple[Annotated[int, Field(ge=1, lt=1 << 32)], ...] = Field((), description="Autonomous system numbers.")
    operators: tuple[Annotated[Text, Field(min_length=1)], ...] = Field(
        (), description="Operators' names as the ASN database writes them; capitals do not matter."
    )

    @model_validator(mode="after")
    def _told(self) -> Recipient:
        if not self.kinds:
            raise ValueError("networks, server_names, asns or operators are expected")
        return self

    @property
    def kinds(self) -> int:
        """Return by how many kinds of marks the recipient is known."""
        return sum(map(bool, (self.networks, self.server_names, self.asns, self.operators)))


class Ceilings(_Part):
    """How much may go in all, over the whole validity."""

    bytes: Annotated[int, BeforeValidator(_bytes), Field(gt=0, le=MOST)] | None = Field(
        None, description="Outward bytes of IP packets: a number, or 500MiB, 20GiB, 2TiB."
    )
    flows: Annotated[int, Field(gt=0, le=MOST)] | None = Field(None, description="Flows.")
    persons: Annotated[int, Field(gt=0, le=MOST)] | None = Field(None, description="Distinct persons recognised.")


class Permit(_Part):
    """One approved transfer."""

    id: Annotated[str, BeforeValidator(_text), AfterValidator(_id)] = Field(
        description="Unique and lasting: what is debited stays with it."
    )
    route: Route = Field(description="Legal route: nd165-core, nd165-important or pdpl.")
    dossier: Said = Field("", description="Number of the dossier.")
    filed: Day | None = Field(None, description="Day the dossier was sent to the authority.")
    exception: Ground | None = Field(
        None, description="Decree 165/2025, Article 12(11): a emergency, b staff, c contract; needs contact and note."
    )
    form: Form | None = Field(None, description="Form of transfer, Law 91/2025, Article 20(1): a, b, c.")
    sender: Sender
    categories: Annotated[tuple[Annotated[str, AfterValidator(_category)], ...], AfterValidator(some)] = Field(
        description="Data: core, important, personal, or an item as core:I.26; none for signs, untagged for systems "
        "without categories."
    )
    recipients: tuple[Recipient, ...] = Field((), description="Who may receive; empty: anybody in the countries.")
    countries: Annotated[tuple[Annotated[str, AfterValidator(_country)], ...], AfterValidator(some)] = Field(
        description="ISO 3166 alpha-2 codes; ZZ is the unknown country."
    )
    first: Day = Field(alias="from", description="First day, in Viet Nam.")
    until: Day = Field(description="Last day, in Viet Nam.")
    ceilings: Ceilings = Ceilings()
    contact: Said = Field("", description="Who answers for it: a role or a mailbox.")
    note: Annotated[str, Field(max_length=4096)] = Field("", description="For people; the ground of an exception.")

    def names(self, category: str) -> bool:
        """Tell whether a category, class or class:item, is among those of the permit."""
        return category in self.categories or category.partition(":")[0] in self.categories

    @property
    def classes(self) -> frozenset[str]:
        """Return the classes of its categories."""
        return frozenset(category.partition(":")[0] for category in self.categories)

    @property
    def covers_unknown(self) -> bool:
        """Tell whether it covers transfers to where nobody knows."""
        return UNKNOWN_COUNTRY in self.countries

    @property
    def expiry(self) -> datetime:
        """Return the moment from which on it covers nothing."""
        return midnight(self.until + timedelta(days=1))


class PermitsFile(_Part):
    """The whole permits file."""

    permits: tuple[Permit, ...] = ()


def midnight(day: date) -> datetime:
    """Return the moment a day begins in Viet Nam."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
