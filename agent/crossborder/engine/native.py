"""The door to the Rust data plane, the distribution crossborder-native."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from crossborder.engine import EngineConfig


def NativeEngine(config: EngineConfig) -> NoReturn:  # noqa: N802 - stands where the class will
    """Refuse: this release has no native data plane yet; `auto` never comes here."""
    del config
    raise CrossborderError(
        "engine native: the extension crossborder-native is not part of this release; use --engine portable (or auto)"
    )
