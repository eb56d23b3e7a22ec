"""The screen, key by key, through textual's own pilot; the agent behind it is really asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.top.conftest import HR

from crossborder.publish.server import Identity, Server
from crossborder.top.address import address_of
from crossborder.top.panes import View
from crossborder.top.screen import Top
from crossborder.top.table import ASCII
from crossborder.top.watch import Watch
from crossborder.top.widgets import Lines, Page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.top.conftest import Gateway
    from textual.pilot import Pilot

SMALL, LARGE = (80, 24), (140, 45)
OFTEN = View(every=0.2)


def shown(top: Top) -> list[str]:
    """Return the lines of the screen as a person sees them."""
    width, height = top.size
    strips = top.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip)[:width].rstrip() for strip in strips][:height]


async def until(pilot: Pilot[None], seen: Callable[[], bool]) -> None:
    """Wait until something is on the screen."""
    for _ in range(200):
        if seen():
            return
        await pilot.pause(0.05)
    raise AssertionError("\n".join(shown(pilot.app)))  # type: ignore[arg-type]


def play(top: Top, scene: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = SMALL) -> None:
    """Run the screen at a size, and a scene with it."""

    async def run() -> None:
        async with top.run_test(size=size) as pilot:
            await scene(pilot)

    asyncio.run(run())


@pytest.fixture
def top(server: Server, gateway: Gateway) -> Top:
    """Return a screen that looks at the gateway."""
    return Top(Watch(address_of(server.address), gateway.events), replace(OFTEN, address=f"http://{server.address}"))


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_four_panes(top: Top, size: tuple[int, int]) -> None:
    """Countries, systems, findings and health are on one screen, the keys on its last line, and nothing wraps."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        lines = shown(top)

        assert len(lines) == size[1]
        assert lines[0].startswith("crossborder 0.0.0 · hn-1 · Bộ Nội vụ")
        for title in ("1 Countries 3", "2 Systems 1", "3 Findings 1", "4 Loss & health  "):
            assert any(title in line for line in lines)
        assert lines[-1].startswith("q quit")
        assert lines[-1].endswith("? help")
        assert any(line.startswith("12:00:01Z") or "critical  core-data-abroad" in line for line in lines)

    play(top, scene, size)


def test_side_by_side_where_it_is_wide(top: Top) -> None:
    """On a wide screen countries and systems share their lines."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))

        assert any("1 Countries" in line and "2 Systems" in line for line in shown(top))
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: not any("1 Countries" in line and "2 Systems" in line for line in shown(top)))
        assert len(shown(top)) == SMALL[1]

    play(top, scene, LARGE)


def test_rates_come_with_the_second_tick(top: Top, gateway: Gateway) -> None:
    """What is shown follows the agent, and an event that is appended is a line."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "rates with the next tick" in shown(top)[1])
        gateway.go_on()
        await until(pilot, lambda: "rates over 10 s" in shown(top)[1])
        text = "\n".join(shown(top))

        assert "123 kB/s" in text
        assert "3 Findings 2" in text
        assert text.index("unknown-country") < text.index("core-data-abroad")

    play(top, scene)


def test_sorting(top: Top, gateway: Gateway) -> None:
    """The key s sorts by rate, by total, by name; the last line says which."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "rates with" in shown(top)[1])
        gateway.go_on()
        await until(pilot, lambda: "rates over" in shown(top)[1])
        orders = {}
        for _ in range(3):
            lines = shown(top)
            order = lines[-1].split("sort: ")[1].split()[0]
            orders[order] = [line[:2] for line in lines[3:6]]
            await pilot.press("s")
            await pilot.pause()

        assert orders == {"rate": ["ZZ", "NO", "SG"], "total": ["ZZ", "NO", "SG"], "name": ["NO", "SG", "ZZ"]}

    play(top, scene)


def test_panes_by_number_and_tab(top: Top) -> None:
    """Numbers go to panes, Tab to the next, and the pane that has the keys is reversed, colour or not."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        focused = []
        for key in ("3", "tab", "tab", "shift+tab", "2"):
            await pilot.press(key)
            await pilot.pause()
            boxes = [box for box in top.query("PaneBox") if box.has_class("-focused")]
            focused.append([box.id for box in boxes])
        heading = top.query_one("#pane2 .heading")

        assert focused == [["pane3"], ["pane4"], ["pane1"], ["pane4"], ["pane2"]]
        assert heading.styles.text_style.reverse

    play(top, scene)


def test_the_line_with_the_cursor_is_reversed(top: Top) -> None:
    """In the pane that has the keys, and in no other, one line is reversed; Down goes to the next."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        seen = []
        for key in ("1", "down", "2"):
            await pilot.press(key)
            await pilot.pause()
            strips = top.screen._compositor.render_strips()
            reversed_ = [
                "".join(s.text for s in strip) for strip in strips if any(s.style and s.style.reverse for s in strip)
            ]
            seen.append([line[:11].strip() for line in reversed_])

        assert seen == [["1 Countries", "SG"], ["1 Countries", "NO"], ["2 Systems 1", "hr-db"]]

    play(top, scene)


def test_details_of_a_country_a_system_a_finding_and_of_health(top: Top) -> None:
    """Enter on a line opens all that is known of it; Escape goes back."""
    told = {
        "1": ("SG", "How much of it can be read", "metadata", "Systems that sent there", "hr-db", "core-data-abroad"),
        "2": ("hr-db holds core data", "Countries it sent to"),
        "3": ("core-data-abroad  violation  2026-01-01T12:00:01", "from 10.1.2.3:51514 (hr-db, Personnel)", "because"),
        "4 end": ("packets received = in flows + domestic + dropped", "Interfaces", "eth0"),
    }

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        for key, sentences in told.items():
            await pilot.press(*key.split(), "enter")
            await until(pilot, lambda: isinstance(top.screen, Page))
            await pilot.pause()
            text = "\n".join(shown(top))
            assert not [sentence for sentence in sentences if sentence not in text], text
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(top.screen, Page))

    play(top, scene, LARGE)


def test_filter(top: Top, gateway: Gateway) -> None:
    """A filter holds in all lists while it is typed, is kept by Enter, and ends with Escape."""
    gateway.go_on()

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "mail" in "\n".join(shown(top)))
        await pilot.press("slash", "m", "a", "i", "l", "enter")
        await until(pilot, lambda: "filter: mail" in shown(top)[1])
        kept = "\n".join(shown(top))
        await pilot.press("escape")
        await until(pilot, lambda: "filter:" not in shown(top)[1])

        assert "2 Systems 1 of 2" in kept
        assert "Nothing here matches the filter." in kept
        assert "2 Systems 2" in "\n".join(shown(top))

    play(top, scene)


def test_keys_are_text_in_the_filter(top: Top) -> None:
    """What is typed into the filter does not act: q does not quit, 2 changes no pane."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        await pilot.press("slash", "q", "2", "s", "p", "question_mark")
        await pilot.pause()

        assert top.view.wanted == "q2sp?"
        assert top.is_running
        assert not top.view.paused

    play(top, scene)


def test_pause(top: Top, gateway: Gateway) -> None:
    """While it is paused nothing is asked for; then it goes on where it is."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        await pilot.press("p")
        await until(pilot, lambda: shown(top)[1].startswith("PAUSED"))
        await pilot.pause(0.5)
        before = top.state
        gateway.go_on()
        await pilot.pause(0.7)
        assert top.state is before
        await pilot.press("p")
        await until(pilot, lambda: "3 Findings 2" in "\n".join(shown(top)))

    play(top, scene)


def test_zoom_help_and_quit(top: Top) -> None:
    """The key z shows one pane alone, ? the manual, q ends."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        await pilot.press("4", "z")
        await until(pilot, lambda: "1 Countries" not in "\n".join(shown(top)))
        assert "4 Loss & health" in "\n".join(shown(top))
        await pilot.press("z", "question_mark")
        await until(pilot, lambda: "Opaque" in "\n".join(shown(top)) and "Esc back" in shown(top)[-1])
        await pilot.press("escape", "q")
        await pilot.pause()

    play(top, scene)
    assert top.return_code == 0


def test_the_cursor_stays_on_its_line(top: Top, gateway: Gateway) -> None:
    """When lines change their order the cursor stays on what it is on."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        await pilot.press("1", "home")
        before = top.query_one("#pane1 Lines", Lines).highlighted_option
        gateway.go_on()
        await until(pilot, lambda: "rates over" in shown(top)[1])
        after = top.query_one("#pane1 Lines", Lines)

        assert before
        assert before.id == "SG"
        assert after.highlighted_option
        assert (after.highlighted_option.id, after.highlighted) == ("SG", 2)

    play(top, scene)


def test_the_cursor_on_the_newest_finding_stays_on_the_newest(top: Top, gateway: Gateway) -> None:
    """Who looks at the top of the findings sees what comes; who went to one keeps it, and it stays in sight."""
    found = [HR | {"finding_id": f"{number:016x}"} for number in range(40)]

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "3 Findings 1" in "\n".join(shown(top)))
        lines = top.query_one("#pane3 Lines", Lines)
        await pilot.press("3")
        gateway.tick(HR, found=found[:1])
        await until(pilot, lambda: "3 Findings 2" in "\n".join(shown(top)))
        newest = lines.highlighted_option
        await pilot.press("down")
        gateway.tick(HR, found=found[1:])
        await until(pilot, lambda: "3 Findings 41" in "\n".join(shown(top)))
        await pilot.pause()
        kept = lines.highlighted_option

        assert newest
        assert kept
        assert (newest.id, kept.id, lines.highlighted) == ("0" * 16, "00000000000000a1", 40)
        assert lines.scroll_offset.y + lines.size.height > 40

    play(top, scene)


def test_an_agent_that_goes_and_comes_back(top: Top, server: Server, gateway: Gateway) -> None:
    """Its last values stay, with their age; when one answers again they are fresh."""

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(top)))
        server.stop()
        await until(pilot, lambda: "no agent at" in shown(top)[1])
        lines = shown(top)

        assert "values of" in lines[0]
        assert "trying again every 0.2 s" in " ".join(lines[1:3])
        assert any(line.startswith("SG  ") for line in lines)
        again = Server(server.address, gateway.metrics, Identity("hn-1", "Ministry", "0.0.0"))
        again.start()
        try:
            await until(pilot, lambda: "no agent" not in shown(top)[1])
        finally:
            again.stop()

    play(top, scene)


def test_an_agent_that_was_never_there() -> None:
    """One sentence says what to do; keys work all the same."""
    top = Top(Watch(address_of("127.0.0.1:9")), OFTEN)

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "no agent at http://127.0.0.1:9: start one with crossborder run" in shown(top)[1])
        await pilot.press("enter", "2", "enter", "question_mark", "escape", "q")

    play(top, scene)


HOSTILE = "[bold red]x[/] \x1b[31m\u202eevil\u2066 \x07.example"


def test_names_from_the_wire_cannot_act(top: Top, gateway: Gateway) -> None:
    """Markup stands as it was written; escapes, bells and controls of direction are spelt out."""
    gateway.tick(HR, found=[HR | {"server_name": HOSTILE, "finding_id": "00000000000000c3"}])

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "3 Findings 2" in "\n".join(shown(top)))
        screen = "\n".join(shown(top))
        await pilot.press("3", "home", "enter")
        await until(pilot, lambda: isinstance(top.screen, Page))
        await pilot.pause()
        page = "\n".join(shown(top))

        for text in (screen, page):
            assert r"[bold red]x[/] \u001b[31m" in text
            assert not any(char in text for char in "\x1b\u202e\u2066\x07")

    play(top, scene, LARGE)


@pytest.mark.parametrize(("colour", "expected"), [("NO_COLOR", 0), ("", 1)])
def test_colour_is_never_the_only_sign(top: Top, monkeypatch: pytest.MonkeyPatch, colour: str, expected: int) -> None:
    """With NO_COLOR there is none; what has the cursor is reversed all the same, and words say the rest."""
    if colour:
        monkeypatch.setenv(colour, "1")
    plain = Top(top.agent, replace(top.view, glyphs=ASCII))

    async def scene(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "SG" in "\n".join(shown(plain)))
        strips = plain.screen._compositor.render_strips()
        styles = {segment.style for strip in strips for segment in strip if segment.style}
        colours = {s.color.name for s in styles if s.color} | {s.bgcolor.name for s in styles if s.bgcolor}

        assert bool(colours - {"default"}) == bool(expected)
        assert any(style.reverse for style in styles)
        assert "\n".join(shown(plain)).replace("ộ", "").isascii()

    play(plain, scene)
