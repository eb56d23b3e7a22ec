"""The command line: finds the command, says what went wrong in one sentence, sets the exit code."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import NoReturn

import click

from crossborder.errors import CrossborderError
from crossborder.lasting import lasting

MISTAKE = 2

# Command → where it is and its line in the overview. Modules are loaded only when used: `version` stays quick.
COMMANDS = {
    "run": ("crossborder.commands.run:run", "Listen on interfaces and serve Prometheus metrics."),
    "top": ("crossborder.commands.top:top", "Look at a running agent: countries, systems, findings, loss."),
    "replay": ("crossborder.commands.replay:replay", "Run capture files through the agent and show what left."),
    "check": ("crossborder.commands.check:check", "Check configuration, rules and databases; tell every fault."),
    "init": ("crossborder.commands.init:init", "Write a commented configuration to start from."),
    "rules": ("crossborder.commands.rules:rules", "List, show and test rules."),
    "permits": ("crossborder.commands.permits:permits", "List, check and watch approved transfers; filing clocks."),
    "detectors": ("crossborder.commands.detectors:detectors", "List, test and try what content is searched for."),
    "geoip": ("crossborder.commands.geoip:geoip", "Look up addresses; build, update and inspect the databases."),
    "persons": ("crossborder.commands.persons:persons", "Show how many persons were sent abroad; join counts."),
    "register": (
        "crossborder.commands.register:register",
        "List observed transfers and what changed; make a filter that knows your own people.",
    ),
    "history": ("crossborder.commands.history:history", "List, check and hold the record of flows."),
    "report": ("crossborder.commands.report:report", "Report a time: a page and a PDF, in Vietnamese or English."),
    "whatif": ("crossborder.commands.whatif:whatif", "Replay policy over the record: other countries, other permits."),
    "events": ("crossborder.commands.events:events", "Verify that an event log is as it was written."),
    "unmask": ("crossborder.commands.unmask:unmask", "Give back addresses stored as pseudonyms; logs that it did."),
    "key": ("crossborder.commands.key:key", "Make the key identifiers are hashed under; the pair that signs events."),
    "explain": ("crossborder.commands.explain:explain", "Print the protocol tree of one flow of a capture file."),
    "demo": ("crossborder.commands.demo:demo", "Make a day of traffic at a ministry's gateway and analyse it."),
    "version": ("crossborder.commands.version:version", "Print versions of the agent and what it stands on."),
}

OVERVIEW = """What leaves the country, from whom, to where, what kind of data it is.

\b
First steps:
  crossborder demo                          see it work, no traffic needed
  crossborder replay office.pcap            a capture file: countries, findings, books
  crossborder init crossborder.yaml         your networks, your systems
  crossborder check -c crossborder.yaml     every mistake at its line
  crossborder run -c crossborder.yaml       then scrape http://127.0.0.1:9836/metrics
  crossborder top -c crossborder.yaml       or watch it in a terminal

\b
Exit codes: 0 fine; 1 findings, where --fail-on asks, or a broken log; 2 something a person can put right.
"""


class _Commands(click.Group):
    """A group that knows its commands by name and loads one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        with lasting():
            command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Commands, help=OVERVIEW, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Hold the commands."""


def main() -> NoReturn:
    """Run a command; a person's mistake ends in its sentences on standard error and exit code 2."""
    try:
        code = cli.main(prog_name="crossborder", standalone_mode=False)
    except CrossborderError as error:
        tell(error)
        code = MISTAKE
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130  # as a shell says of a command ended by Ctrl-C
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; nobody is left to tell
        code = 0
    if "datasketches" in sys.modules:  # which complains, at length, of whatever is left at the end
        gc.unfreeze()
    else:
        gc.freeze()  # a process that ends need not search its memory for garbage
    sys.exit(code if isinstance(code, int) else 0)


def tell(error: CrossborderError) -> None:
    """Print every fault on standard error, a line each, as compilers do."""
    for fault in error.faults:
        click.echo(str(fault) if fault.path else f"crossborder: {fault}", err=True)
