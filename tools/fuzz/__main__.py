"""Runs the fuzz targets: installs what is missing, writes seeds, gives each target its seconds."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.fuzz.seeds import FILE_LIMIT, PLAY_LIMIT, seeds

from crossborder.demo import write_capture

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "agent" / "native" / "fuzz"
CACHE = ROOT / ".cache" / "fuzz"
CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", ROOT.parent / "shared" / "corpus"))
KINDS = (".pcap", ".pcapng", ".cap", ".gz", ".zst")
SECONDS_OF_AN_INPUT = 10
"""Longer than this is a finding."""
MEGABYTES = 2048
"""More than this is one too."""
TOLD = 4000
"""Characters shown of what a target that broke said last."""


def main() -> int:
    """Run what is asked for; return 0 where nothing was found, or where `--short` cannot run here."""
    asked = _asked()
    lacking = _lacking()
    if lacking:
        sys.stderr.write(f"fuzz: {'skipped' if asked.short else 'cannot run'}: {lacking}\n")
        return 0 if asked.short else 2
    if _cargo_fuzz("build").returncode:
        return 2
    _seed()
    targets = [asked.target] if asked.target else _targets()
    broken = [target for target in targets if not _run(target, asked.seconds)]
    for target in broken:
        sys.stderr.write(f"fuzz: {target} broke; the input is in {FUZZ / 'artifacts' / target}\n")
    return 1 if broken else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--target", choices=_targets(), help="this one alone")
    parser.add_argument("--short", action="store_true", help="skip where there is nothing to run it with")
    return parser.parse_args()


def _targets() -> list[str]:
    manifest = tomllib.loads(FUZZ.joinpath("Cargo.toml").read_text(encoding="utf-8"))
    return [target["name"] for target in manifest["bin"]]


def _lacking() -> str:
    """Install cargo-fuzz where it is missing; return what cannot be had."""
    if shutil.which("cargo") is None:
        return "no cargo (https://rustup.rs)"
    if shutil.which("c++") is None:
        return "no C++ compiler, which libFuzzer is built with"
    if shutil.which("cargo-fuzz") is None:
        installed = subprocess.run(["cargo", "install", "--quiet", "--locked", "cargo-fuzz"], check=False)
        return "cargo-fuzz cannot be installed" if installed.returncode else ""
    return ""


def _seed() -> None:
    """Write the seeds, of the corpus or else of the demo, unless it was done before."""
    done = CACHE / ".seeded"
    if done.exists():
        return
    with TemporaryDirectory() as folder:
        captures = sorted(path for path in CORPUS.rglob("*") if path.name.endswith(KINDS))
        if not captures:
            captures = [Path(folder) / "day.pcap"]
            write_capture(captures[0])
        for seed in seeds(captures):
            seed.write(CACHE)
    done.touch()


def _cargo_fuzz(*words: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    # The sanitizer's flags are unstable; the toolchain that builds the agent takes them when it is told so.
    environment = os.environ | {"RUSTC_BOOTSTRAP": "1"}
    action, *rest = words
    command = ["cargo", "fuzz", action, "--fuzz-dir", str(FUZZ), "--sanitizer", "address", *rest]
    return subprocess.run(command, cwd=FUZZ, env=environment, check=False, text=True, capture_output=quiet)


def _run(target: str, seconds: int) -> bool:
    """Give a target its seconds; return whether nothing was found."""
    corpus = CACHE / target
    corpus.mkdir(parents=True, exist_ok=True)
    longest = FILE_LIMIT if target == "capture" else PLAY_LIMIT
    limits = [f"-max_total_time={seconds}", f"-max_len={longest}", "-print_final_stats=1", "-verbosity=0"]
    limits += [f"-timeout={SECONDS_OF_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}"]
    ran = _cargo_fuzz("run", target, str(corpus), "--", *limits, quiet=True)
    runs = re.search(r"number_of_executed_units: (\d+)", ran.stderr)
    sys.stderr.write(f"fuzz: {target}: {int(runs[1]) if runs else 0:,} inputs in {seconds} s\n")
    if ran.returncode:
        sys.stderr.write(ran.stderr[-TOLD:])
    return ran.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
