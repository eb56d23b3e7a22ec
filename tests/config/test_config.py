"""The configuration: defaults, faults at their lines, and text that can't go stale."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from tests.golden import assert_golden

from crossborder import app, config, yamlfile
from crossborder.cli import COMMANDS, cli, main
from crossborder.configtext import commented
from crossborder.engine.home import Home
from crossborder.errors import CrossborderError
from crossborder.opening import engine_config
from crossborder.prefixes import PRIVATE, PrefixSet

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BAD = sorted((HERE / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_golden_message_of_each_bad_configuration(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake gets its sentences with path and line, nothing on standard output, and exit code 2."""
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(sys, "argv", ["crossborder", "check", "-c", path.name])

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    # Paths in the file are relative to it, thus absolute in messages: the golden text must not know this machine.
    assert_golden(said.err.replace(f"{path.parent.resolve()}{os.sep}", ""), path.with_suffix(".txt"))


def test_a_mistake_has_no_traceback() -> None:
    """As the shell sees it: sentences on standard error, exit code 2."""
    done = subprocess.run(
        [sys.executable, "-m", "crossborder", "check", "-c", HERE / "bad" / "many-at-once.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 6)
    assert "Traceback" not in done.stderr


def test_there_are_many_bad_configurations() -> None:
    """At least 25, and each says something of its own."""
    messages = {path.with_suffix(".txt").read_text(encoding="utf-8") for path in BAD}

    assert len(BAD) >= 25
    assert len(messages) >= len(BAD) - 1


def test_init_prints_the_defaults() -> None:
    """What `init` prints, read back, is the default configuration; and the manual shows the same text."""
    text = commented(config.Config)

    read = yamlfile.fill(yamlfile.parse_all(text, "init")[0], config.Config)

    assert read == config.Config()
    assert f"```yaml\n{text}```" in (ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")


def test_example_and_schema_agree() -> None:
    """The schema file is the model's own, and the shipped example obeys both."""
    schema = json.loads((ROOT / "examples" / "crossborder.schema.json").read_text(encoding="utf-8"))
    example = ROOT / "examples" / "crossborder.yaml"

    assert schema == config.Config.model_json_schema()
    jsonschema.validate(yamlfile.read(example).data, schema)
    assert config.read(example).assets == example.parent / "assets.yaml"


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """A configuration moves with its folder."""
    (tmp_path / "c.yaml").write_text("geoip:\n  overlays: [a.csv, /b.csv]\n", encoding="utf-8")

    overlays = config.read(tmp_path / "c.yaml").geoip.overlays

    assert overlays == (tmp_path / "a.csv", Path("/b.csv"))


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("10s", 10), ("1.5m", 90), ("2h", 7200), ("1d", 86400)])
def test_durations(text: str, seconds: float) -> None:
    """A duration is a number with a unit."""
    document = yamlfile.parse_all(f"geoip: {{max_age: {text}}}", "x")[0]

    assert yamlfile.fill(document, config.Config).geoip.max_age == seconds


def test_sizes() -> None:
    """A size is a whole number with a binary unit, in the bounds of a ring."""
    capture = [yamlfile.parse_all(f"capture: {{ring: {text}}}", "x")[0] for text in ("2048KiB", "1MiB", "2GiB")]

    rings = [yamlfile.fill(document, config.Config).capture.ring for document in capture]

    assert rings == [1 << 21, 1 << 20, 1 << 31]
    assert config.Config().capture.ring == 64 << 20


@pytest.mark.parametrize(
    ("written", "said", "files", "workers"),
    [(0, None, (), 8), (0, None, ("x.pcap",), 1), (3, None, ("x.pcap",), 3), (3, 2, (), 2), (3, 0, (), 8)],
)
def test_workers(
    monkeypatch: pytest.MonkeyPatch, written: int, said: int | None, files: tuple[str, ...], workers: int
) -> None:
    """None named: a core each on interfaces, one for files; the command line's word is over the file's."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    document = yamlfile.parse_all(f"capture: {{workers: {written}, ring: 8MiB, triage: false, checksums: true}}", "x")[
        0
    ]
    settings = yamlfile.fill(document, config.Config)
    options = app.Options(files=tuple(map(Path, files)), workers=said)

    parts: Any = SimpleNamespace(settings=settings, home=Home(PrefixSet(PRIVATE)), detectors=(), registers=(), key=None)

    engine = engine_config(settings, options, parts)

    assert (engine.workers, engine.ring_bytes, engine.triage) == (workers, 8 << 20, False)
    assert engine.checksums


def test_the_cache_folder_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache that cannot be made names the variable that moves it."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CROSSBORDER_CACHE", str(tmp_path / "file"))

    with pytest.raises(CrossborderError, match=re.escape("name a writable folder in CROSSBORDER_CACHE")):
        config.cache_folder()


def test_help_teaches() -> None:
    """Every command has a help text with an example or a plain sentence, and exits 0."""
    for name in COMMANDS:
        result = CliRunner().invoke(cli, [name, "--help"])
        assert result.exit_code == 0, name
        assert len(result.output.splitlines()) >= 5, name


def test_init_writes_a_file_once(tmp_path: Path) -> None:
    """A configuration that is there already is not overwritten."""
    target = tmp_path / "crossborder.yaml"

    first = CliRunner().invoke(cli, ["init", str(target)])
    second = CliRunner().invoke(cli, ["init", str(target)])

    assert first.exit_code == 0
    assert config.read(target).model_dump() == config.Config().model_dump()
    assert isinstance(second.exception, CrossborderError)
    assert "File exists" in str(second.exception)


def test_an_ancient_database_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond geoip.max_age `check` warns with age and remedy, and does not refuse."""
    (tmp_path / "c.yaml").write_text("geoip: {max_age: 1h}\n", encoding="utf-8")

    monkeypatch.setattr(sys, "argv", ["crossborder", "check", "-c", str(tmp_path / "c.yaml")])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert "days old, more than geoip.max_age allows: crossborder geoip update" in capsys.readouterr().err
