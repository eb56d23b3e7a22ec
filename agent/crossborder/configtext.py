"""The configuration as text: every key with its meaning and default, made from the model so that it can't go stale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossborder.config import Section

if TYPE_CHECKING:
    from pydantic import BaseModel

HEAD = """\
# Crossborder's configuration. Every key is optional; the values here are the defaults.
# Check it with: crossborder check -c THIS_FILE
# yaml-language-server: $schema=crossborder.schema.json   (crossborder init --schema crossborder.schema.json)
"""
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_TIMES = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_UNITS = {  # of a field's type, the largest first
    "Duration": _TIMES,
    "KeptFor": _TIMES,
    "RingSize": _SIZES,
    "ContentSize": _SIZES,
    "StoreSize": _SIZES,
}


def commented(model: type[BaseModel]) -> str:
    """Return a YAML text with every key of the model, commented out where it has no value of its own."""
    return HEAD + "".join(_lines(model, 0))


def _lines(model: type[BaseModel], depth: int) -> list[str]:
    lines: list[str] = []
    indent = "  " * depth
    for name, info in model.model_fields.items():
        default = info.default
        if isinstance(default, Section):
            summary = (type(default).__doc__ or "").splitlines()[0]
            lines += [f"\n{indent}# {summary}\n", f"{indent}{name}:\n", *_lines(type(default), depth + 1)]
        else:
            units = _UNITS.get(str(model.__annotations__.get(name, "")))
            text = f"{indent}{name}: {_measured(default, units) if units else _yaml(default)}".rstrip()
            lines.append(f"{text:<44}# {info.description}\n")
    return lines


def _measured(value: float, units: tuple[tuple[int, str], ...]) -> str:
    size, unit = next((size, unit) for size, unit in units if value >= size and value % size == 0)
    return f"{value / size:g}{unit}"


def _yaml(value: Any) -> str:  # noqa: ANN401 - any default of the model
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    if isinstance(value, str | Path):
        return f'"{value}"' if not str(value) or ":" in str(value) else str(value)
    return str(value)
