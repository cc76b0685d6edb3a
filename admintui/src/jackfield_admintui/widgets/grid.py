"""A list of objects in columns, drawn line by line: 10,000 rows cost what the lines on the screen cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from jackfield_admintui.texts import N_, plain, told

Row = Mapping[str, Any]
TONES = ("good", "bad", "warn", "dim", "strong")
"""What a cell may be beside its text; always beside a word or sign that says the same."""
MEASURED = 300
"""Rows whose cells are measured for the widths of columns."""
GAP = 2
NEAR_END = 100


@dataclass(frozen=True)
class Column:
    """A column: `text` makes a cell's text of a row (by default the row's value under `key`), `tone` its tone.

    A column takes the room of its widest text, at most `most` cells. `flex` takes what is left over, and gives way
    first when room is short; then columns with the highest `drop` are left out.
    """

    key: str
    title: str
    text: Callable[[Row], object] | None = None
    tone: Callable[[Row], str] | None = None
    order: Callable[[Row], Any] | None = None
    right: bool = False
    most: int = 40
    flex: bool = False
    drop: int = 0

    def cell(self, row: Row) -> str:
        """What is shown of a row."""
        return plain(row.get(self.key) if self.text is None else self.text(row))

    def rank(self, row: Row) -> tuple[int, Any]:
        """For sorting: numbers by size, texts by their letters, nothing last."""
        value = row.get(self.key) if self.order is None else self.order(row)
        if value is None or value == "":
            return (2, "")
        return (0, value) if isinstance(value, int | float) else (1, str(value).casefold())


@dataclass
class Layout:
    """Columns that have room, and how much."""

    columns: list[Column] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)


def lay_out(columns: Sequence[Column], rows: Sequence[Row], room: int) -> Layout:
    """Share `room` cells among columns; see `Column`."""
    sample = rows[:MEASURED]
    natural = {
        c.key: min(c.most, max([cell_len(told(c.title)) + 2, *(cell_len(c.cell(row)) for row in sample)]))
        for c in columns
    }
    least = {
        c.key: min(natural[c.key], max(cell_len(told(c.title)), 10)) if c.flex else natural[c.key] for c in columns
    }
    kept = list(columns)
    while len(kept) > 1 and sum(least[c.key] + GAP for c in kept) > room:
        worst = max(kept, key=lambda c: c.drop)
        if not worst.drop:
            break
        kept.remove(worst)
    spare = room - sum(least[c.key] + GAP for c in kept)
    widths = dict(least)
    flexible = [c for c in kept if c.flex]
    for column in flexible:
        more = max(0, min(spare, natural[column.key] - least[column.key]))
        widths[column.key] += more
        spare -= more
    if flexible and spare > 0:
        widths[flexible[-1].key] += spare
    return Layout(kept, [widths[c.key] for c in kept])


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows with a cursor, marks, sorting and a filter. Rows keep their place by `identity` when they are shown anew."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("Open"), priority=False),
        Binding("up,k", "move(-1)", N_("Up"), show=False),
        Binding("down,j", "move(1)", N_("Down"), show=False),
        Binding("pageup", "page(-1)", N_("Page up"), show=False),
        Binding("pagedown", "page(1)", N_("Page down"), show=False),
        Binding("home", "edge(0)", N_("First row"), show=False),
        Binding("end", "edge(1)", N_("Last row"), show=False),
        Binding("space", "mark", N_("Mark"), show=False),
        Binding("ctrl+a", "mark_all", N_("Mark all"), show=False),
        Binding("s", "sort", N_("Sort by the next column"), show=False),
        Binding("S", "turn", N_("Turn the order round"), show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header", "grid--cursor", "grid--odd", "grid--empty", "grid--blurred",
        *(f"grid--{tone}" for tone in TONES),
    }  # fmt: skip
    DEFAULT_CSS = """
    Grid { height: 1fr; background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1; }
    Grid > .grid--header { color: $secondary; text-style: bold; background: $panel; }
    Grid > .grid--odd { background: $surface; }
    Grid > .grid--cursor { background: $primary; color: $background; text-style: bold; }
    Grid > .grid--blurred { background: $panel; text-style: bold; }
    Grid > .grid--empty { color: $foreground 60%; }
    Grid > .grid--good { color: $success; }
    Grid > .grid--bad { color: $error; text-style: bold; }
    Grid > .grid--warn { color: $warning; }
    Grid > .grid--dim { color: $foreground 55%; }
    Grid > .grid--strong { text-style: bold; }
    """

    @dataclass
    class Chosen(Message):
        """Enter, or a click on the row of the cursor."""

        grid: Grid
        row: Row

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or its row has changed; None: there is no row."""

        grid: Grid
        row: Row | None

    @dataclass
    class NearEnd(Message):
        """The cursor comes near the last row: who has more, shows them."""

        grid: Grid

    def __init__(
        self, columns: Sequence[Column], identity: Callable[[Row], str], *, empty: str = "", **options: Any
    ) -> None:
        """`empty` is said when there is nothing to show: what would be here, and how it gets here."""
        super().__init__(**options)
        self._columns, self._identity, self.empty = list(columns), identity, empty
        self._all: list[Row] = []
        self._shown: list[Row] = []
        self._layout = Layout()
        self._cursor = 0
        self._order: Column | None = None
        self._reverse = False
        self._sought = ""
        self.marked: set[str] = set()

    # -- from outside ----------------------------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """What is shown, in its order."""
        return self._shown

    @property
    def total(self) -> int:
        """How many rows there are, with those that the filter hides."""
        return len(self._all)

    @property
    def current(self) -> Row | None:
        """The cursor's row."""
        return self._shown[self._cursor] if 0 <= self._cursor < len(self._shown) else None

    @property
    def chosen_rows(self) -> list[Row]:
        """The marked rows; without marks the cursor's."""
        marked = [row for row in self._all if self._identity(row) in self.marked]
        return marked or ([self.current] if self.current is not None else [])

    def show(self, rows: Iterable[Row]) -> None:
        """Show these rows instead; cursor and marks stay with their objects."""
        before = self._identity(self.current) if self.current is not None else None
        self._all = list(rows)
        self.marked &= {self._identity(row) for row in self._all}
        self._arrange(before)

    def seek(self, text: str) -> None:
        """Show only rows that have this text in a column."""
        before = self._identity(self.current) if self.current is not None else None
        self._sought = text.casefold().strip()
        self._arrange(before)

    def go_to(self, identity: str) -> bool:
        """Put the cursor on an object; False if it is not shown."""
        for index, row in enumerate(self._shown):
            if self._identity(row) == identity:
                self._move_to(index)
                return True
        return False

    def sort_by(self, key: str, *, reverse: bool = False) -> None:
        """Sort by a column."""
        self._order = next((c for c in self._columns if c.key == key), None)
        self._reverse = reverse
        self._arrange(self._identity(self.current) if self.current is not None else None)

    # -- arranging -------------------------------------------------------------------------------------------------

    def _arrange(self, keep: str | None) -> None:
        shown = self._all if not self._sought else [row for row in self._all if self._matches(row)]
        if self._order is not None:
            shown = sorted(shown, key=self._order.rank, reverse=self._reverse)
        self._shown = list(shown)
        places = (i for i, row in enumerate(self._shown) if self._identity(row) == keep)
        found = next(places, None) if keep is not None else 0
        self._cursor = min(self._cursor, max(0, len(self._shown) - 1)) if found is None else found
        self._measure()
        self.post_message(self.Moved(self, self.current))

    def _matches(self, row: Row) -> bool:
        return any(self._sought in column.cell(row).casefold() for column in self._columns)

    def _measure(self) -> None:
        room = max(1, self.size.width - 2)
        self._layout = lay_out(self._columns, self._shown, room)
        self.virtual_size = Size(self.size.width, len(self._shown) + 1)
        self.refresh()

    def on_resize(self) -> None:
        """Columns get the new room."""
        self._measure()

    # -- drawing ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """A line of the screen: the heads, or a row."""
        width = self.size.width
        base = self.rich_style
        if y == 0:
            return self._header(width)
        index = self.scroll_offset.y + y - 1
        if index < len(self._shown):
            return self._line(index, width, base)
        if not self._shown and y == 2:
            words = (
                told(self.empty) if not self._sought else told(N_("Nothing fits “{text}”.")).format(text=self._sought)
            )
            style = self.get_component_rich_style("grid--empty")
            return Strip([Segment(set_cell_size(f"  {words}", width), style)], width)
        return Strip.blank(width, base)

    def _header(self, width: int) -> Strip:
        style = self.get_component_rich_style("grid--header")
        parts = [Segment("  ", style)]
        for column, room in zip(self._layout.columns, self._layout.widths, strict=True):
            sign = ("▾" if self._reverse else "▴") if column is self._order else ""
            parts += [Segment(_fit(told(column.title) + sign, room, column.right), style), Segment(" " * GAP, style)]
        return Strip(parts).adjust_cell_length(width, style)

    def _line(self, index: int, width: int, base: Style) -> Strip:
        row = self._shown[index]
        here = index == self._cursor
        name = (
            "grid--cursor" if here and self.has_focus else "grid--blurred" if here else "grid--odd" if index % 2 else ""
        )
        back = self.get_component_rich_style(name) if name else base
        marked = self._identity(row) in self.marked
        parts = [Segment("▌" if here else " ", back), Segment("✓" if marked else " ", back)]
        for column, room in zip(self._layout.columns, self._layout.widths, strict=True):
            tone = column.tone(row) if column.tone is not None else ""
            style = back
            if tone in TONES and not (here and self.has_focus):
                style = back + self.get_component_rich_style(f"grid--{tone}", partial=True)
            parts += [Segment(_fit(column.cell(row), room, column.right), style), Segment(" " * GAP, back)]
        return Strip(parts).adjust_cell_length(width, back)

    # -- keys and mouse --------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Up or down."""
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self._move_to(self._cursor + by * max(1, self.size.height - 2))

    def action_edge(self, last: int) -> None:
        """First or last row."""
        self._move_to(len(self._shown) - 1 if last else 0)

    def action_choose(self) -> None:
        """Open the cursor's row."""
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def action_mark(self) -> None:
        """Mark the row, or take the mark away, and go down."""
        if self.current is not None:
            self.marked ^= {self._identity(self.current)}
            self._move_to(self._cursor + 1)

    def action_mark_all(self) -> None:
        """Mark all that is shown; none, if all are marked."""
        shown = {self._identity(row) for row in self._shown}
        self.marked = set() if shown <= self.marked else shown
        self.refresh()

    def action_sort(self) -> None:
        """Sort by the next column; after the last, as they came."""
        columns: list[Column | None] = [None, *self._layout.columns]
        place = next((i for i, column in enumerate(columns) if column is self._order), 0)
        following = columns[(place + 1) % len(columns)]
        self._order = following
        self._arrange(self._identity(self.current) if self.current is not None else None)

    def action_turn(self) -> None:
        """The other way round."""
        self._reverse = not self._reverse
        self._arrange(self._identity(self.current) if self.current is not None else None)

    def on_click(self, event: events.Click) -> None:
        """A head sorts; a row gets the cursor, the cursor's row opens."""
        if event.y == 0:
            self._click_header(event.x)
            return
        index = self.scroll_offset.y + event.y - 1
        if index >= len(self._shown):
            return
        if index == self._cursor and event.chain > 1:
            self.action_choose()
        else:
            self._move_to(index)

    def _click_header(self, x: int) -> None:
        begin = 2
        for column, room in zip(self._layout.columns, self._layout.widths, strict=True):
            if begin <= x < begin + room + GAP:
                self.sort_by(column.key, reverse=self._order is column and not self._reverse)
            begin += room + GAP

    def _move_to(self, index: int) -> None:
        if not self._shown:
            return
        self._cursor = max(0, min(index, len(self._shown) - 1))
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        wanted = min(top, self._cursor) if self._cursor < top else max(top, self._cursor - height + 1)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False)
        self.refresh()
        self.post_message(self.Moved(self, self.current))
        if self._cursor >= len(self._shown) - NEAR_END:
            self.post_message(self.NearEnd(self))


def _fit(text: str, room: int, right: bool) -> str:
    """A text in just so many cells; what does not fit ends in an ellipsis."""
    length = cell_len(text)
    if length > room:
        return set_cell_size(text, max(0, room - 1)) + "…" if room > 0 else ""
    return " " * (room - length) + text if right else text + " " * (room - length)


def by(key: str) -> Callable[[Row], str]:
    """Rows are told apart by this value."""
    return lambda row: str(row.get(key, ""))
