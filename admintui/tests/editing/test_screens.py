"""Lists and forms over a real daemon with a real database."""

from __future__ import annotations

import pytest
from console_rig import LANGUAGES, SIZES
from textual.widgets import Input


async def types(seat, text: str) -> None:
    """Write into the field that has the keys."""
    await seat.presses(*(" " if c == " " else c for c in text))


async def goes_to(seat, field: str) -> None:
    """Down to a field of a form."""
    place = f"#entry-{field.replace('.', '--')}"
    target = await seat.until(lambda: seat.screen.focused and seat.screen.query_one(place))
    target.focus_target.focus()
    await seat.pilot.pause()


def help_of(seat) -> str:
    return str(seat.screen.query_one("#about").render())


@pytest.mark.parametrize("size", SIZES)
def test_a_change_with_help_reason_undo_and_save(office, size):
    async def work(seat):
        await seat.opens("E", "Extensions")
        await seat.sees("201", "Ann", "202", "陈静")
        await seat.presses("enter")
        await seat.sees("Extensions: 201", "ring_seconds", "30 (default)")
        await goes_to(seat, "ring_seconds")
        assert "How long it rings" in help_of(seat)
        await types(seat, "1")
        await seat.sees("✖ ring_seconds", "greater than or equal to 5", "● 1 unsaved")
        await types(seat, "5")
        await seat.no_longer_sees("✖")
        await goes_to(seat, "title")
        await types(seat, "a")
        await seat.sees("● 2 unsaved", "Anna")
        await seat.presses("ctrl+z")
        await seat.sees("● 1 unsaved")
        await seat.presses("ctrl+s")
        await seat.until(lambda: seat.screen.crumb == "Extensions")
        assert office.object("extension", "201")["ring_seconds"] == 15
        assert office.object("extension", "201")["title"] == "Ann"

    office.console(work, size=size)


def test_a_new_object_with_a_choice_and_a_secret_shown_once(office):
    async def work(seat):
        await seat.opens("E", "Extensions")
        await seat.sees("201")
        await seat.presses("n")
        await seat.sees("Extensions: new", "name*")
        await types(seat, "203")
        await seat.presses("ctrl+s")
        await seat.sees("Put it into the phone now")
        shown = str(seat.screen.query_one("#secrets").render())
        assert shown.partition(": ")[2] == office.ask("site.secrets", kind="extension", name="203")["secret"]
        await seat.presses("escape")
        await seat.sees("203", "Extensions")
        await seat.presses("g", "I")
        await seat.sees("main", "5550100")
        await seat.presses("enter")
        await seat.sees("Inbound routes: main")
        await goes_to(seat, "destination")
        await seat.presses("f4")
        await seat.sees("Type to find")
        await types(seat, "203")
        await seat.presses("enter")
        await seat.until(lambda: seat.screen.query_one("#entry-destination Input", Input).value == "extension:203")
        await seat.presses("ctrl+s")
        await seat.until(lambda: seat.screen.crumb == "Inbound routes")
        assert office.object("did", "main")["destination"] == "extension:203"

    office.console(work)


def test_delete_says_what_depends_on_it_and_undo_brings_back(office):
    async def work(seat):
        await seat.opens("E", "Extensions")
        await seat.sees("201")
        await seat.presses("d")
        await seat.sees("still used by did main (destination)")
        assert office.names("extension") == ["201", "202"]
        await seat.presses("down", "d")
        await seat.sees("Delete 202?")
        await seat.presses("y")
        await seat.until(lambda: office.names("extension") == ["201"])
        await seat.presses("u")
        await seat.until(lambda: office.names("extension") == ["201", "202"])

    office.console(work)


def test_many_are_changed_at_once_and_a_copy_has_no_secret(office):
    async def work(seat):
        await seat.opens("E", "Extensions")
        await seat.sees("202")
        await seat.presses("ctrl+a", "b")
        await seat.sees("Change which field of 201, 202?")
        await types(seat, "ring_sec")
        await seat.presses("enter")
        await seat.sees("ring_seconds of 201, 202")
        await types(seat, "45")
        await seat.presses("enter")
        await seat.until(lambda: office.object("extension", "202").get("ring_seconds") == 45)
        assert office.object("extension", "201")["ring_seconds"] == 45
        assert office.ask("site.revisions", limit=1)[0]["what"] == "set ring_seconds of extension 201, 202"
        await seat.presses("c")
        await seat.sees("Extensions: new", "203")
        await seat.presses("ctrl+s")
        await seat.sees("Put it into the phone now")
        one, two = (office.ask("site.secrets", kind="extension", name=n)["secret"] for n in ("201", "203"))
        assert one != two
        assert office.object("extension", "203")["ring_seconds"] == 45

    office.console(work)


def test_seek_and_sort(office):
    async def work(seat):
        await seat.opens("I", "Inbound routes")
        await seat.sees("main", "sales")
        await seat.presses("slash")
        await types(seat, "queue:")
        await seat.no_longer_sees("5550100")
        await seat.sees("5550101")
        await seat.presses("enter", "escape")
        await seat.sees("5550100")
        await seat.presses("s", "S")
        await seat.until(lambda: [row["name"] for row in seat.screen.grid.rows] == ["sales", "main"])

    office.console(work)


def test_others_are_told_of_and_nothing_typed_is_lost(office):
    """Somebody else saves the same object: a save is refused, their change is taken in beneath what was written."""

    async def work(seat):
        await seat.opens("T", "Trunks")
        await seat.sees("192.0.2.7")
        await seat.presses("enter")
        await goes_to(seat, "number")
        await types(seat, "5550100")
        office.ask("site.set", kind="trunk", name="carrier", fields={"max_calls": 7}, by="ben")
        await seat.sees("others have changed it meanwhile")
        await seat.presses("ctrl+s")
        await seat.sees("It was refused", "at revision")
        await seat.presses("f7")
        await seat.until(lambda: seat.screen.query_one("#entry-max_calls Input", Input).value == "7")
        assert seat.screen.query_one("#entry-number Input", Input).value == "5550100"
        await seat.presses("ctrl+s")
        await seat.until(lambda: seat.screen.crumb == "Trunks")
        assert office.object("trunk", "carrier") == {
            "name": "carrier", "host": "192.0.2.7", "max_calls": 7, "number": "5550100"}  # fmt: skip

    office.console(work)


def test_while_the_daemon_does_not_answer_nothing_typed_is_lost(office, tmp_path):
    """No request gets through for a while, as when the daemon is killed and started anew."""
    way = tmp_path / "control.sock"
    way.symlink_to(office.socket)

    async def work(seat):
        await seat.opens("T", "Trunks")
        await seat.sees("192.0.2.7")
        await seat.presses("enter")
        await goes_to(seat, "number")
        await types(seat, "555")
        await seat.sees("● 1 unsaved")
        way.unlink()
        await types(seat, "0199")
        await seat.presses("ctrl+s")
        await seat.sees("The daemon does not answer")
        assert seat.screen.query_one("#entry-number Input", Input).value == "5550199"
        way.symlink_to(office.socket)
        await seat.presses("ctrl+s")
        await seat.until(lambda: seat.screen.crumb == "Trunks")
        assert office.object("trunk", "carrier")["number"] == "5550199"

    office.console(work, path=way)


@pytest.mark.parametrize("size", SIZES[:1])
@pytest.mark.parametrize("language", LANGUAGES[:1])
def test_a_plan_is_read_applied_and_rolled_back(office, size, language):
    zh = language == "zh"

    async def work(seat):
        await seat.opens("D", "计划" if zh else "Plan")
        await seat.sees("trunk carrier")
        await seat.presses("f")
        await seat.sees("+++ ", "(planned)")
        await seat.presses("f", "a")
        await seat.sees("为什么" if zh else "why?")
        await types(seat, "first")
        await seat.presses("enter")
        await seat.sees("✔", "草稿" if zh else "Nothing would change")
        office.ask("site.set", kind="trunk", name="carrier", fields={"host": "192.0.2.9"})
        await seat.sees("~ trunk carrier")
        refuses = office.pbx.folder / "asterisk" / "asterisk-refuses"
        refuses.touch()
        await seat.presses("a")
        await seat.sees("为什么" if zh else "why?")
        await seat.presses("enter")
        await seat.sees("✖", "Asterisk refused to reload")
        refuses.unlink()
        await seat.presses("a", "enter")
        await seat.sees("✔")
        await seat.presses("h")
        await seat.sees("first", "● ")
        before = next(row["number"] for row in office.ask("site.history") if row["reason"] == "first")
        await seat.until(lambda: seat.screen.grid.go_to(str(before)))
        await seat.presses("r", "y")
        await seat.until(lambda: office.ask("status")["generation"] == before)

    office.console(work, size=size, language=language)
