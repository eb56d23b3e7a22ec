"""What the screen is made of: panes of lines, the question of the filter, pages over the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from crossborder.top.panes import Line, Pane

FINDINGS = 3
_REVERSED = Style(color="default", bgcolor="default", reverse=True)


class Lines(OptionList):
    """The lines of a pane, with a cursor that stays on what it is on when lines come and go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "cursor_up", show=False),
        Binding("j", "cursor_down", show=False),
    ]

    def __init__(self, *, newest_first: bool) -> None:
        """Take whether new lines come at the top, where a cursor on the first stays on the first."""
        super().__init__(markup=False)
        self.newest_first = newest_first

    def render_line(self, y: int) -> Strip:
        """Reverse the line that has the cursor: the style of a component cannot, and a colour alone would not do."""
        strip = super().render_line(y)
        if not self.has_focus or self.scroll_offset.y + y != self.highlighted:
            return strip
        plain = [Segment(text, _REVERSED + Style.from_meta(style.meta if style else {})) for text, style, _ in strip]
        return Strip(plain, strip.cell_length)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead."""
        if [(line.key, line.text) for line in lines] == [(o.id or "", o.prompt) for o in self.options]:
            return
        ids, offset = _ids(lines), self.scroll_offset.y
        at = self._place(ids)
        self.clear_options()
        self.add_options(
            Option(line.text, id=ident, disabled=not line.key) for line, ident in zip(lines, ids, strict=True)
        )
        self.highlighted = at
        if at is None or offset <= at < offset + self.size.height:
            self.scroll_to(y=offset, animate=False, force=True)

    def _place(self, ids: Sequence[str | None]) -> int | None:
        """Return where the cursor goes: with its line; at the newest where that is what it was on; else near by."""
        keyed = [number for number, ident in enumerate(ids) if ident]
        before, at = self.highlighted_option, self.highlighted or 0
        first = next((number for number, option in enumerate(self.options) if option.id), 0)
        if before and before.id in ids and not (self.newest_first and at == first):
            return ids.index(before.id)
        return min(keyed, key=lambda number: abs(number - at), default=None)


def _ids(lines: Sequence[Line]) -> list[str | None]:
    """Return a name for each line, none twice: what an option list asks for."""
    met: set[str] = set()
    ids: list[str | None] = []
    for line in lines:
        ids.append(line.key if line.key and line.key not in met else None)
        met.add(line.key)
    return ids


class PaneBox(Vertical):
    """A pane: its line of headings, and its lines."""

    def __init__(self, number: int) -> None:
        """Take the number it is called by."""
        super().__init__(id=f"pane{number}")
        self.number = number
        self.drawn: Pane | None = None

    def compose(self) -> ComposeResult:
        """Make the two parts."""
        yield Static(Text(""), classes="heading")
        yield Lines(newest_first=self.number == FINDINGS)

    @property
    def lines(self) -> Lines:
        """Return the lines."""
        return self.query_one(Lines)

    def show(self, drawn: Pane) -> None:
        """Show what was drawn."""
        self.drawn = drawn
        self.query_one(".heading", Static).update(drawn.heading)
        self.lines.show(drawn.lines)


class Filter(Input):
    """The question what to filter by; Enter keeps it, Escape lets everything be seen again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.unfilter", show=False)]


class Page(ModalScreen[None]):
    """A page over the screen: details, or help. Arrows scroll it, anything else closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark,space", "app.pop_screen", show=False),
        Binding("k", "up", show=False),
        Binding("j", "down", show=False),
    ]

    def __init__(self, made: Callable[[], Sequence[RenderableType]]) -> None:
        """Take what makes its lines, each time anew."""
        super().__init__()
        self._made = made

    def compose(self) -> ComposeResult:
        """Make the page."""
        with VerticalScroll(classes="page"):
            yield Static(Group(*self._made()), markup=False)
        yield Static(Text(" Esc back   Up Down scroll", style="dim"), classes="foot")

    def again(self) -> None:
        """Show what is known by now."""
        self.query_one(".page Static", Static).update(Group(*self._made()))

    def action_up(self) -> None:
        """Scroll up."""
        self.query_one(VerticalScroll).scroll_up(animate=False)

    def action_down(self) -> None:
        """Scroll down."""
        self.query_one(VerticalScroll).scroll_down(animate=False)
