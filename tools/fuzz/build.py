"""Builds the fuzz targets with the toolchain that builds the agent: what cargo-fuzz would ask rustc for, asked here."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_COVERAGE: Final = (
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
)
_SANITIZED: Final = ("-Zsanitizer=address", "-Cdebug-assertions", "-Ccodegen-units=1")


def lacking() -> str:
    """Return what cannot be done without, where it is missing."""
    if shutil.which("cargo") is None:
        return "no cargo (https://rustup.rs)"
    if shutil.which("c++") is None:
        return "no C++ compiler, which libFuzzer is built with"
    return ""


def build(crate: Path, *, sanitized: bool) -> Path:
    """Return the folder of the targets' programs; raises CalledProcessError when they do not build.

    A sanitizer's flags are unstable, which the toolchain takes when it is told so, and what it makes is slow to build.
    """
    flags = _COVERAGE + _SANITIZED if sanitized else _COVERAGE
    environment = os.environ | {"RUSTFLAGS": " ".join(flags)} | ({"RUSTC_BOOTSTRAP": "1"} if sanitized else {})
    # With a target that is named, build scripts and macros are spared the flags.
    host = subprocess.run(["rustc", "--print", "host-tuple"], check=True, text=True, capture_output=True).stdout.strip()
    made, profile = crate / "target", ("release", "release") if sanitized else ("dev", "debug")
    command = ["cargo", "build", "--quiet", "--locked", "--target", host, "--target-dir", str(made)]
    subprocess.run([*command, "--profile", profile[0]], cwd=crate, env=environment, check=True)
    return made / host / profile[1]
