"""First set-up, menus as a tree, which way a call would go: over a real daemon with a real database."""

from __future__ import annotations

import pytest
from console_rig import SIZES
from textual.events import Key
from textual.widgets import Input, TextArea, Tree


@pytest.mark.parametrize("size", SIZES[:1])
def test_what_is_typed_faster_than_the_screen_follows_stands_where_it_belongs(office, size):
    """As over a slow line: many keys come at once."""
    office.ask("site.import", text="", meanwhile="replace")

    async def hurries(seat):
        await seat.opens("F", "First set-up")
        await seat.sees("The site", "page 1 of 5")
        seat.screen.query_one("#entry-title").focus_target.value = "Bird & Co"
        await seat.pilot.pause()
        await seat.presses("f2")
        await seat.sees("page 2 of 5")
        for key in [*"abc", "down", *"5062", "down", *"me", "up", "backspace"]:
            seat.pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        await seat.pilot.pause()
        typed = [seat.screen.query_one(f"#entry-{name}").focus_target.value for name in ("host", "port", "username")]
        assert typed == ["abc", "506", "me"]
        for key in ["up", *"x.example.com", "down", "down", *"-too", "f2"]:
            seat.pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        await seat.sees("page 3 of 5")

    office.console(hurries, size=size)
    found = office.ask("site.get", kind="trunk", name="carrier")["fields"]
    assert (found["host"], found["port"], found["username"]) == ("abcx.example.com", 506, "me-too")


@pytest.mark.parametrize("size", SIZES[:1])
def test_a_newcomer_leaves_and_goes_on_and_a_call_is_shown(office, size):
    """From nothing to a call that is shown, with a break in the middle."""
    office.ask("site.import", text="", meanwhile="replace")

    def field(seat, name):
        return seat.screen.query_one(f"#entry-{name}").focus_target

    async def begin(seat):
        await seat.opens("F", "First set-up")
        await seat.sees("The site", "page 1 of 5")
        field(seat, "title").value = "Bird & Co"
        await seat.pilot.pause()
        await seat.presses("f2")
        await seat.sees("page 2 of 5", "your carrier told you")
        await seat.presses("f2")
        await seat.sees("host* is needed".replace("*", ""))
        field(seat, "host").value = "a b"
        await seat.pilot.pause()
        await seat.presses("f2")
        await seat.sees("not a host name")
        field(seat, "host").value = "192.0.2.7"
        await seat.pilot.pause()
        await seat.presses("f2")
        await seat.sees("page 3 of 5")

    async def go_on(seat):
        for extension in ("201", "202"):
            office.pbx.asterisk.register(extension, False)
        await seat.opens("F", "First set-up")
        await seat.sees("page 3 of 5", "✔ 1 The site", "✔ 2 The line")
        phones = seat.screen.query_one("#entry-phones TextArea", TextArea)
        phones.load_text("201 = Ann\n202 = Ben")
        await seat.pilot.pause()
        await seat.presses("f2")
        await seat.sees("page 4 of 5")
        seat.screen.query_one("#entry-number Input", Input).value = "5550100"
        await seat.pilot.pause()
        await seat.presses("f2")
        await seat.sees("page 5 of 5", "F5 puts this into force")
        await seat.presses("f5")
        await seat.sees("Enter this into the phones", "user 201", "Then call 5550100")
        for extension in ("201", "202"):
            office.pbx.asterisk.register(extension, True)
        await seat.sees("202 Ben  ✔ registered")
        caller = office.pbx.caller("7001", dials="5550100", trunk="carrier")
        office.pbx.phone("201").rings()
        await seat.sees("● 7001")
        caller.hangs_up()
        await test_call(seat)

    async def test_call(seat):
        await seat.presses("f4")
        await seat.sees("Which phone shall make the test call?", "202")
        await seat.presses("2", "0", "2", "enter")
        await seat.sees("Test call: 5550100", "The phone 202 rings: answer it")
        ben, ann = office.pbx.phone("202"), office.pbx.phone("201")
        ben.rings()
        ben.answers()
        ann.rings()
        await seat.sees("→ extension:201", "☎ 201: rings")
        ann.answers()
        await seat.sees("☎ 201: answered")
        ann.hangs_up()
        await seat.sees("✔ Over.")
        await seat.presses("enter")
        await seat.sees("Then call 5550100")

    office.console(begin, size=size)
    assert office.names("trunk") == ["carrier"]
    office.console(go_on, size=size)
    assert office.object("did", "main")["destination"] == "extension:201"
    assert office.ask("status")["generation"] > 1


def test_the_way_of_a_call_in_and_out(office):
    async def work(seat):
        await seat.opens("W", "Which way?")
        await seat.presses(*"5550101")
        await seat.presses("enter")
        await seat.sees("✔ sales (5550101)", "→ queue:sales")
        await seat.presses("down", *"7001", "enter")
        await seat.sees("7001 calls 5550101")
        seat.screen.query_one("#entry-direction Choice").value = "out"
        await seat.pilot.pause()
        await seat.presses("enter")
        await seat.sees("no extension '7001'")

    office.console(work)


def menu(name: str, keys: dict[str, str]) -> dict[str, object]:
    return {"kind": "menu", "name": name, "fields": {"prompt": "choose", "keys": keys}}


def test_menus_are_walked_and_what_is_wrong_is_marked(office):
    office.ask(
        "site.change", what="menus",
        changes=[
            {"kind": "prompt", "name": "choose", "fields": {"text": {"en": "Press one.", "zh": "请按一。"}}},
            menu("top", {"1": "queue:sales", "2": "ivr:deep"}),
            menu("deep", {"9": "ivr:top"}),
        ],
    )  # fmt: skip

    async def work(seat):
        await seat.opens("M", "Voice menus")
        await seat.sees("1 queue:sales", "2 ivr:deep", "9 ivr:top", "leads back up")
        tree = seat.screen.query_one(Tree)
        await seat.until(lambda: tree.cursor_node is not None or (tree.action_cursor_down() or False))
        await seat.sees("Press one.", "请按一。")
        await seat.presses("enter")
        await seat.until(lambda: seat.screen.crumb.startswith("Menus:") or seat.screen.crumb.startswith("Voice menus:"))

    office.console(work)
