"""The screen: keys, the four panes, and a look at the agent every so often."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from crossborder.top.details import details
from crossborder.top.header import header
from crossborder.top.layout import WIDE, shares
from crossborder.top.lists import ORDERS
from crossborder.top.manual import keys, manual
from crossborder.top.panes import pane
from crossborder.top.state import State
from crossborder.top.table import fitted
from crossborder.top.widgets import Filter, Lines, Page, PaneBox

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Input, OptionList

    from crossborder.top.panes import View
    from crossborder.top.state import Look
    from crossborder.top.watch import Watch

PANES = (1, 2, 3, 4)


class Looked(Message):
    """A look is over."""

    def __init__(self, look: Look) -> None:
        """Take what it brought."""
        super().__init__()
        self.look = look


class Top(App[None]):
    """The live view. Colours are the terminal's own sixteen, so that it is readable wherever the terminal is."""

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "crossborder top"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", show=False),
        *(Binding(str(number), f"pane({number})", show=False) for number in PANES),
        Binding("tab", "step(1)", show=False, priority=True),
        Binding("shift+tab", "step(-1)", show=False, priority=True),
        Binding("s", "sort", show=False),
        Binding("p", "pause", show=False),
        Binding("z", "zoom", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "unfilter", show=False),
        Binding("question_mark,h", "help", show=False),
    ]

    def __init__(self, watch: Watch, view: View) -> None:
        """Take who looks, and how it is drawn at first."""
        super().__init__(ansi_color=True)  # from the start: the filter of NO_COLOR is chosen by it
        self.theme = "ansi-dark"
        self.agent, self.view = watch, view
        self.state = State()
        self.alone = False  # the focused pane takes the whole screen
        self._looking = False

    def compose(self) -> ComposeResult:
        """Make header, panes and the line of keys."""
        yield Static(id="header", markup=False)
        with Container(id="upper"):
            yield from map(PaneBox, PANES[:2])
        yield from map(PaneBox, PANES[2:])
        yield Filter(placeholder="country, system, rule, level, decision, server", id="filter", compact=True)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Draw an empty screen and begin to look."""
        self.query_one(Filter).display = False
        self.screen_stack[0].set_focus(self._box(1).lines)
        self.draw()
        self.look()
        self.set_interval(self.view.every, self.look)

    # Looking.

    def look(self) -> None:
        """Look once, beside the screen: an agent that does not answer keeps no key waiting."""
        if self._looking or self.view.paused:
            return
        self._looking = True
        Thread(target=self._look, name="look", daemon=True).start()

    def _look(self) -> None:
        self.post_message(Looked(self.agent.look()))

    def on_looked(self, message: Looked) -> None:
        """Take in what a look brought."""
        self._looking = False
        self.state = self.state.seen(message.look)
        if not self.view.paused:
            self.draw()

    # Drawing.

    def on_resize(self, _: events.Resize) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """Show which pane has the keys."""
        self.draw()

    def draw(self) -> None:
        """Draw everything anew from the state."""
        width, height = self.size
        if not width or not self.screen_stack or not self.screen_stack[0].query("#header"):
            return
        base = self.screen_stack[0]
        lines = header(self.state, self.view, width)
        base.query_one("#header", Static).update(Text("\n").join(lines))
        base.query_one("#keys", Static).update(fitted(keys(self.view.order), width, self.view.glyphs))
        self._draw_panes(width, height - len(lines) - 1)
        if isinstance(self.screen, Page):
            self.screen.again()

    def _draw_panes(self, width: int, height: int) -> None:
        half = (width - 2) // 2
        wide = width >= WIDE and not self.alone
        widths = {1: half, 2: width - 2 - half} if wide else {}
        for number in PANES:
            self._box(number).show(pane(number, self.state, self.view, widths.get(number, width)))
        self._place(height, widths)

    def _place(self, height: int, widths: dict[int, int]) -> None:
        """Give every pane its place and size."""
        boxes = [self._box(number) for number in PANES]
        wanted = [1 + len(box.drawn.lines) if box.drawn else 1 for box in boxes]
        at = self.focused_pane - 1
        if self.alone:
            given = [height if number == at else 0 for number in range(4)]
        elif widths:
            upper, *rest = shares(height, [max(wanted[:2]), *wanted[2:]], max(0, at - 1))
            given = [upper, upper, *rest]
        else:
            given = shares(height, wanted, at)
        upper_panes = self.screen_stack[0].query_one("#upper")
        upper_panes.styles.height = given[0] if widths else given[0] + given[1]
        upper_panes.set_class(bool(widths), "-wide")
        for box, lines in zip(boxes, given, strict=True):
            box.styles.height = lines
            box.styles.width = widths.get(box.number, "100%")
            box.display = lines > 0
            box.set_class(box.number == at + 1, "-focused")

    def _box(self, number: int) -> PaneBox:
        return self.screen_stack[0].query_one(f"#pane{number}", PaneBox)

    @property
    def focused_pane(self) -> int:
        """Return the number of the pane that has, or had last, the keys."""
        focused = self.screen_stack[0].focused
        if isinstance(focused, Lines) and isinstance(focused.parent, PaneBox):
            self._last = focused.parent.number
        return self._last

    _last = 1

    # Keys.

    def action_pane(self, number: int) -> None:
        """Give a pane the keys."""
        self._box(number).display = True
        self.screen_stack[0].set_focus(self._box(number).lines)
        self.draw()

    def action_step(self, by: int) -> None:
        """Give the next pane, or the one before, the keys."""
        if len(self.screen_stack) == 1:
            self.action_pane((self.focused_pane - 1 + by) % len(PANES) + 1)

    def action_sort(self) -> None:
        """Sort by the next of rate, total, name."""
        self._draw_as(replace(self.view, order=ORDERS[(ORDERS.index(self.view.order) + 1) % len(ORDERS)]))

    def action_pause(self) -> None:
        """Look no more, or again."""
        self._draw_as(replace(self.view, paused=not self.view.paused))
        self.look()

    def action_zoom(self) -> None:
        """Show the focused pane alone, or all again."""
        self.alone = not self.alone
        self.draw()

    def action_filter(self) -> None:
        """Ask what to filter by."""
        question = self.query_one(Filter)
        question.display, self.query_one("#keys").display = True, False
        self.screen.set_focus(question)

    def action_unfilter(self) -> None:
        """Show everything again."""
        self.query_one(Filter).value = ""
        self._answered()
        self._draw_as(replace(self.view, wanted=""))

    def action_help(self) -> None:
        """Show the manual."""
        self.push_screen(Page(lambda: [manual()]))

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter as it is typed."""
        self._draw_as(replace(self.view, wanted=message.value.strip()))

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Keep the filter and go back to the lines."""
        self._answered()

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Show all that is known of a line."""
        box = message.option_list.parent
        if isinstance(box, PaneBox) and box.drawn and (key := box.drawn.lines[message.option_index].key):
            number = box.number
            self.push_screen(Page(lambda: details(number, key, self.state, self.view)))

    def _answered(self) -> None:
        question = self.query_one(Filter)
        question.display, self.query_one("#keys").display = False, True
        self.screen_stack[0].set_focus(self._box(self._last).lines)

    def _draw_as(self, view: View) -> None:
        self.view = view
        self.draw()
