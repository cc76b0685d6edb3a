"""Mouse, resizing, wide characters, colours: the same console under other hands and on other terminals."""

from __future__ import annotations

import pytest
from console_rig import LANGUAGES, SIZES
from jackfield_admintui import themes
from jackfield_admintui.nav.help import Help
from jackfield_admintui.widgets.frame import Hint, Hints, that_fit
from jackfield_admintui.widgets.grid import Grid
from rich.cells import cell_len
from textual.events import MouseScrollDown
from textual.widgets import Input, TextArea


def place_of(seat, word: str) -> tuple[int, int]:
    """The cell where a word begins."""
    for y, line in enumerate(seat.text().splitlines()):
        if word in line:
            return cell_len(line.partition(word)[0]), y
    raise AssertionError(f"{word} is not on the screen")


async def clicks(seat, word: str, times: int = 1) -> None:
    await seat.pilot.click(offset=place_of(seat, word), times=times)


def test_rows_heads_and_hints_are_clicked(pbx, console) -> None:
    async def work(seat):
        await seat.opens("e", "Extensions")
        await seat.sees("Ann", "陈静")
        await clicks(seat, "陈静")
        await seat.until(lambda: seat.screen.current["extension"] == "202")
        await clicks(seat, "Extension ")
        await seat.sees("Extension▴")
        await clicks(seat, "Extension▴")
        await seat.sees("Extension▾")
        assert [row["extension"] for row in seat.screen.grid.rows] == ["202", "201"]
        await clicks(seat, "Do not disturb  f")  # the hint on the last line
        await seat.until(lambda: any(row["dnd"] for row in seat.screen.grid.rows))
        await clicks(seat, "Help")
        await seat.until(lambda: isinstance(seat.screen, Help))
        await seat.presses("escape")
        await clicks(seat, "201", times=2)
        await seat.until(lambda: seat.screen.place == "object")

    console(work)


def test_the_wheel_scrolls_a_list_and_a_click_in_the_menu_opens(pbx, console) -> None:
    async def work(seat):
        await seat.opens("K", "Everything")
        grid = seat.screen.grid
        await seat.until(lambda: grid.rows)
        rows = [{**grid.rows[0], "kind": f"kind-{number}"} for number in range(100)]
        grid.show(rows)
        await seat.sees("kind-1")
        await seat.pilot.pause()
        grid.post_message(MouseScrollDown(grid, 5, 3, 0, 0, 0, False, False, False))
        await seat.until(lambda: grid.scroll_offset.y > 0)
        await seat.pilot.wait_for_scheduled_animations()
        top = grid.scroll_offset.y
        await seat.pilot.click(grid, offset=(5, 3))
        await seat.until(lambda: grid.current["kind"] == f"kind-{top + 2}")
        await seat.presses("g")
        await seat.sees("Caller lists")
        await clicks(seat, "Caller lists")
        await seat.until(lambda: seat.screen.place == "caller-lists")

    console(work)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_keeps_its_texts_and_its_place_when_the_terminal_changes_its_size(pbx, console, language) -> None:
    async def work(seat):
        await seat.sees("● ")
        seat.app.drill("object", kind="extension")
        await seat.until(lambda: seat.screen.place == "object" and isinstance(seat.app.focused, Input))
        await seat.presses(*"250", "down", *"Eve")
        for width, height in ((40, 12), (120, 40), (200, 60), (20, 5), (80, 24)):
            await seat.pilot.resize_terminal(width, height)
            await seat.pilot.pause()
            assert all(cell_len(line) <= width for line in seat.text().splitlines())
        await seat.sees("250", "Eve", "● 2")
        assert seat.app.focused is seat.screen.query_one("#entry-title Input")
        await seat.presses("ctrl+z", "ctrl+z", "escape")

    console(work, language=language)


def test_a_field_is_copied_and_pasted(pbx, console) -> None:
    async def work(seat):
        await seat.sees("● ")
        seat.app.drill("object", kind="prompt")
        await seat.until(lambda: seat.screen.place == "object" and isinstance(seat.app.focused, Input))
        name = seat.screen.query_one("#entry-name Input", Input)
        await seat.presses(*"hello", "shift+home", "ctrl+c")
        await seat.until(lambda: seat.app.clipboard == "hello")
        text = seat.screen.query_one("#entry-text--en TextArea", TextArea)
        text.focus()
        await seat.presses("ctrl+v")
        await seat.until(lambda: text.text == "hello")
        assert name.value == "hello"
        await seat.presses("ctrl+z", "ctrl+z")

    console(work)


@pytest.mark.parametrize("size", SIZES)
def test_wide_characters_stay_in_their_columns(pbx, console, size) -> None:
    callers = [
        pbx.caller(number, dials="5550101", name=name)
        for number, name in (("7001", "陈先生陈先生陈先生陈先生陈先生"), ("7002", "Bob"), ("7003", "e\u0301a\u200b🙂"))
    ]

    async def work(seat):
        await seat.opens("c", "Calls")
        await seat.sees("7001", "7002", "7003")
        lines = [line for line in seat.text().splitlines() if "queue:" in line and "700" in line]
        assert len(lines) == 3
        assert len({cell_len(line.partition("queue:")[0]) for line in lines}) == 1
        assert {cell_len(line) for line in seat.text().splitlines()} == {size[0]}

    console(work, size=size)
    for caller in callers:
        caller.hangs_up()


@pytest.mark.parametrize("theme", [theme.name for theme in themes.THEMES] + [themes.PLAIN])
def test_nothing_is_told_by_colour_alone(pbx, console, theme) -> None:
    pbx.daemon.alarms.raise_("one", "Something is wrong.")
    caller = pbx.caller("7001", dials="5550101")

    async def work(seat):
        seat.app.theme = theme
        await seat.sees("● daemon", "● Asterisk", "▲ ", "○ 1 waiting", "● carrier")
        await seat.opens("c", "Calls")
        await seat.sees("▌", "○ waiting")  # the cursor's row and a state, without any colour
        await seat.opens("a", "Alarms")
        await seat.sees("▲ warning", "Something is wrong")

    console(work)
    caller.hangs_up()


def test_what_works_everywhere_gives_way_first_where_there_is_no_room() -> None:
    hints = [Hint(key, word, key, action) for key, word, action in (
        ("x", "Hang up", "hang_up"), ("/", "Search", "search"), ("g", "Menu", "menu"), ("?", "Help", "show_help"),
        ("^f", "Find", "find"), ("q", "Quit", "leave"))]  # fmt: skip
    assert that_fit(hints, 80) == hints
    assert [hint.key for hint in that_fit(hints, 40)] == ["x", "/", "g", "?"]
    assert [hint.key for hint in that_fit(hints, 20)] == ["x", "?"]
    assert [hint.key for hint in that_fit(hints, 1)] == ["?"]


def test_the_way_to_the_help_is_always_shown(pbx, console) -> None:
    async def work(seat):
        await seat.opens("E", "Extensions")
        await seat.sees("? Help")
        assert "…" not in seat.text().splitlines()[-1]
        assert seat.screen.query_one(Hints).region.width == 80
        assert isinstance(seat.app.focused, Grid)

    console(work)


def test_two_ways_taken_in_one_breath_end_at_the_second(pbx, console) -> None:
    async def work(seat):
        await seat.sees("Acme Ltd", "● ")
        for first, second in (("calls", "alarms"), ("records", "site-queues"), ("plan", "overview")):
            seat.app.go(first)
            seat.app.go(second)
            await seat.until(lambda second=second: seat.screen.place == second)
            await seat.calm()
            assert [getattr(screen, "place", "") for screen in seat.app.screen_stack[1:]] == [second]

    console(work)
