"""An agent that is killed while it writes leaves a log that the next one goes on with, and that verifies."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from crossborder import signingkey
from crossborder.publish.chain import Origin
from crossborder.publish.logfile import open_appenders
from crossborder.publish.logreading import logs_in
from crossborder.publish.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 20
WRITING = """
import sys
from pathlib import Path
from crossborder import signingkey
from crossborder.publish.chain import Origin
from crossborder.publish.logfile import open_appenders
folder = Path(sys.argv[1])
origin = Origin("g", signer=signingkey.read(folder / "events.key"), checkpoint_events=7)
appender, = open_appenders(folder / "events.jsonl", stdout=False, origin=origin)
event = b'{"crossborder":{"chain":{\\0}},"event":{"sequence":\\0},"message":"%b","rule":{}}\\n' % (b"m" * 3000)
print("ready", flush=True)
while True:
    appender.append([event] * 40)
"""


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Twenty times; whatever was torn is sealed by who comes next, and nothing that was written is changed."""
    signer = signingkey.make(tmp_path / "events.key")
    path = tmp_path / "events.jsonl"
    before = b""
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", WRITING, tmp_path], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0, 0.03))  # noqa: S311 - any moment will do
        process.kill()
        process.wait()
        process.stdout.close()
        after = path.read_bytes()
        assert after.startswith(before)
        before = after
    (appender,) = open_appenders(path, stdout=False, origin=Origin("g", signer=signer))
    appender.append([])
    appender.close()

    (log,), _ = logs_in([path])
    report = verify(log, [signingkey.read_public(tmp_path / "events.key.pub")])
    assert report.faults == []
    assert report.events > KILLS
    assert report.signed > KILLS
