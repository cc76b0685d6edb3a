"""The frame around every screen: state, menu, help, palette, trouble."""

from __future__ import annotations

import pytest
from console_rig import LANGUAGES, SIZES
from jackfield_admintui.screens import all_entries
from jackfield_admintui.texts import told
from textual.events import Key


@pytest.mark.parametrize("size", SIZES)
def test_the_overview_shows_the_site_and_a_call(pbx, console, size) -> None:
    async def work(seat):
        await seat.sees("Acme Ltd", "● daemon", "● Asterisk", "Overview", "0 now")
        caller = pbx.caller("7001", dials="5550100")
        await seat.sees("1 now")
        caller.hangs_up()
        await seat.sees("0 now")

    console(work, size=size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_shows_every_screen_at_once(console, size, language) -> None:
    async def work(seat):
        await seat.sees("● ")
        shown = seat.app.entries()
        assert len(shown) > len(all_entries()) / 2
        await seat.presses("g")
        await seat.sees(*(f"{entry.key} {told(entry.title)}" for entry in shown))
        await seat.presses("escape")

    console(work, size=size, language=language)


def test_who_types_fast_gets_to_the_screen_too(console) -> None:
    async def work(seat):
        await seat.opens("a", "Alarms")
        for key in "gK":  # in one go, as a terminal brings them
            seat.app.post_message(Key(key, key))
        await seat.sees("Everything", "outbound-route")

    console(work)
