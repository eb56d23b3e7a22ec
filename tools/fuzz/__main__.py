"""Runs the fuzz targets: builds them, writes seeds, gives each target its seconds."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tools.fuzz.build import build, lacking
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
    if missing := lacking():
        sys.stderr.write(f"fuzz: {'skipped' if asked.short else 'cannot run'}: {missing}\n")
        return 0 if asked.short else 2
    try:
        programs = build(FUZZ, sanitized=not asked.short)
    except subprocess.CalledProcessError:
        return 2
    _seed()
    seed = 1 if asked.short else secrets.randbelow(1 << 31) + 1
    runs = [Run(programs / target, asked.seconds, seed) for target in ([asked.target] if asked.target else _targets())]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sound = list(pool.map(_told, runs))
    return 0 if all(sound) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--target", choices=_targets(), help="this one alone")
    parser.add_argument("--short", action="store_true", help="without a sanitizer; skip where it cannot be built")
    return parser.parse_args()


def _targets() -> list[str]:
    manifest = tomllib.loads(FUZZ.joinpath("Cargo.toml").read_text(encoding="utf-8"))
    return [target["name"] for target in manifest["bin"]]


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


class Run(NamedTuple):
    """A target that is given its seconds; the seed chooses how inputs are changed."""

    program: Path
    seconds: int
    seed: int

    def command(self, corpus: Path, artifacts: Path) -> list[str]:
        """Return what to start."""
        longest = FILE_LIMIT if self.program.name == "capture" else PLAY_LIMIT
        limits = [f"-timeout={SECONDS_OF_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={longest}"]
        said = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={artifacts}/"]
        return [str(self.program), f"-max_total_time={self.seconds}", f"-seed={self.seed}", *limits, *said, str(corpus)]


def _told(run: Run) -> bool:
    """Give a target its seconds and tell how it went; return whether nothing was found."""
    target = run.program.name
    corpus, artifacts = CACHE / target, FUZZ / "artifacts" / target
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run(run.command(corpus, artifacts), check=False, text=True, errors="replace", capture_output=True)
    inputs = re.search(r"number_of_executed_units: (\d+)", ran.stderr)
    said = f"fuzz: {target}: {int(inputs[1]) if inputs else 0:,} inputs in {run.seconds} s, seed {run.seed}\n"
    if ran.returncode:
        said += f"{ran.stderr[-TOLD:]}fuzz: {target} broke; the input is in {artifacts}\n"
    sys.stderr.write(said)
    return ran.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
