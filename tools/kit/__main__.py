"""`python -m tools.kit`: look at it; `python -m tools.kit trial`: prove it."""

from __future__ import annotations

import argparse
import signal
import sys


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="make kit", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["show", "trial"], default="show")
    parser.add_argument("--speed", type=float, default=10.0, help="show: packet time for each second (default 10)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started is ended, too
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started it in the background
    if arguments.what == "trial":
        from tools.kit.trial import run

        return run()
    from tools.kit.show import show

    return show(arguments.speed)


if __name__ == "__main__":
    sys.exit(main())
