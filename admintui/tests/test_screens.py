"""Every screen of the menu opens over the real control API, at each size and in each language."""

from __future__ import annotations

import pytest
from console_rig import LANGUAGES, SIZES
from jackfield import i18n
from jackfield.control.method import Role
from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.screens import all_entries
from jackfield_admintui.widgets.frame import TroublePanel
from textual.widgets import Input

MENU = [entry for entry in all_entries() if entry.in_menu]


def test_each_key_and_each_name_is_there_once() -> None:
    keys = [entry.key for entry in MENU if entry.key]
    assert sorted(keys) == sorted(set(keys))
    names = [entry.name for entry in all_entries()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_opens_by_its_key_and_shows_no_trouble(pbx, console, size, language) -> None:
    caller = pbx.caller("7001", dials="5550101", name="陈先生")

    async def work(seat):
        await seat.sees("Acme Ltd", "● ")
        for entry in seat.app.entries():
            if not entry.key:
                continue
            if isinstance(seat.app.focused, Input):
                await seat.presses("escape")
                await seat.until(lambda: not isinstance(seat.app.focused, Input))
            await seat.presses("g", entry.key)
            await seat.until(lambda entry=entry: getattr(seat.screen, "place", "") == entry.name, entry.name)
            assert isinstance(seat.screen, ConsoleScreen)
            assert seat.screen.help_text, entry.name
            await seat.calm()
            trouble = seat.screen.query_one(TroublePanel).trouble
            assert trouble is None, f"{entry.name}: {trouble}"
            shown = seat.text()
            assert all(len(line) <= size[0] for line in shown.splitlines())

    console(work, size=size, language=language)
    i18n.use("en")
    caller.hangs_up()


def test_a_viewer_is_offered_only_what_viewers_may(pbx, console, monkeypatch) -> None:
    access = pbx.daemon.control.server._access
    monkeypatch.setattr(access, "role", lambda uid, gids: Role.VIEWER)

    async def work(seat):
        await seat.sees("(viewer)")
        names = {entry.name for entry in seat.app.entries()}
        assert {"trunks-live", "alarms", "plugins", "jobs", "system"} <= names
        assert not {"calls", "records", "audit", "agents"} & names
        await seat.opens("p", "Plugins")
        await seat.sees("at work")
        assert "Switch off" not in seat.text()

    console(work)
