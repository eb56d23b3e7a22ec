"""The values a configuration is made of: durations, sizes, addresses, and a section that refuses unknown keys."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from crossborder import yamlfile


def seconds(value: object) -> float:
    """Read a duration; raises ValueError with what is expected."""
    found = yamlfile.duration(value)
    if found is None:
        message = "a duration as 500ms, 10s, 2m, 1h or 30d is expected"
        raise ValueError(message)
    return found


def _ring(value: object) -> int:
    found = yamlfile.size(value)
    if found is None or not 1 << 20 <= found <= 1 << 31:
        message = "a size from 1MiB to 2GiB is expected, as 64MiB"
        raise ValueError(message)
    return found


def _content(value: object) -> int:
    found = yamlfile.size(value)
    if found is None or not 1 << 12 <= found <= 1 << 34:
        message = "a size from 4KiB to 16GiB is expected, as 16MiB"
        raise ValueError(message)
    return found


def _store(value: object) -> int:
    found = yamlfile.size(value)
    if found is None or found < 1 << 20:
        message = "a size from 1MiB on is expected, as 100GiB"
        raise ValueError(message)
    return found


def _network(value: object) -> object:
    try:
        return ipaddress.ip_network(str(value))
    except ValueError as error:
        raise ValueError(str(error)) from None


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        message = f"{value!r} is not an ISO 3166 alpha-2 code in capitals, as VN"
        raise ValueError(message)
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        message = f"{value!r} is not address:port, as 127.0.0.1:9836 or [::1]:9836"
        raise ValueError(message)
    return value


_DURATION_SCHEMA = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$"}
Duration = Annotated[float, BeforeValidator(seconds), WithJsonSchema(_DURATION_SCHEMA)]
_SIZE_SCHEMA = {"type": "string", "pattern": "^[0-9]+(KiB|MiB|GiB)$"}
ContentSize = Annotated[int, BeforeValidator(_content), WithJsonSchema(_SIZE_SCHEMA)]
StoreSize = Annotated[int, BeforeValidator(_store), WithJsonSchema({"type": "string", "pattern": "^[0-9]+([KMGT]iB)$"})]
RingSize = Annotated[int, BeforeValidator(_ring), WithJsonSchema(_SIZE_SCHEMA)]
Network = Annotated[Any, BeforeValidator(_network), WithJsonSchema({"type": "string"})]
Country = Annotated[str, AfterValidator(_country)]
Listen = Annotated[str, AfterValidator(_address)]


class Section(BaseModel):
    """A part of the file: unknown keys are faults, values are not changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
