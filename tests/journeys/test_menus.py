"""Menus (I1) and prompts (I2), as a caller hears them."""

from __future__ import annotations

from journeys.pbx import Pbx, chirp, path_of, together
from rig import Call, wait
from rig.audio import read_wav


def in_order(*times: float) -> bool:
    """Whether times rise."""
    return list(times) == sorted(times)


def test_two_levels(pbx: Pbx) -> None:
    """Greeting, menu, key, second menu, key, prompt, and the PBX hangs up."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    menu = pbx.wait_hears(call, "main-menu")
    [greeting] = pbx.hears(call, "greeting")
    call.press("2")
    second = pbx.wait_hears(call, "information-menu")
    call.press("1")
    hours = pbx.wait_hears(call, "opening-hours")
    ended = call.wait_ended(15)
    assert in_order(greeting, menu, second, hours)
    assert (ended.final_code, ended.ended_by) == (200, "them")
    assert len(pbx.hears(call, "main-menu")) == 1
    record = pbx.record(number)
    assert path_of(record) == [("ivr:main", "2"), ("ivr:information", "1"), ("prompt:opening-hours", "")]
    assert (record["result"], record["cause"], record["trunk"], record["did"]) == (
        "completed",
        16,
        "carrier",
        "5550100",
    )
    assert record["talk_seconds"] == record["wait_seconds"] == 0 and record["answered_at"] is None
    assert [leg["role"] for leg in record["legs"]] == ["caller"]


def test_keys_during_the_prompt_cut_it_short(pbx: Pbx) -> None:
    """Barge-in: who knows the menu need not listen to it."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    call.wait_answered()
    half = pbx.prompt("greeting")[: len(pbx.prompt("greeting")) // 2]
    pbx.node.wait_for(lambda: call.heard.find(half), 10, "half the greeting")
    call.press("3")
    pbx.wait_hears(call, "chirp")
    call.wait_ended(10)
    assert pbx.hears(call, "main-menu") == [], "the menu was read although its key was pressed before"
    assert pbx.hears(call, "greeting") == [], "the greeting was played to its end"
    assert path_of(pbx.record(number)) == [("ivr:main", "3"), ("prompt:chirp", "")]


def test_wrong_key_is_told_and_the_menu_read_again(pbx: Pbx) -> None:
    """A wrong key, then the right one; the prompt is an uploaded wav file, heard as it was sent."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    pbx.wait_hears(call, "main-menu")
    call.press("6")
    told = pbx.wait_hears(call, "ivr-invalid")
    pbx.wait_hears(call, "main-menu", after=told)
    call.press("3")
    call.wait_ended(15)
    [original] = read_wav(chirp())
    [(_, likeness)] = call.heard.find(original.samples)
    assert likeness > 0.95
    assert path_of(pbx.record(number)) == [("ivr:main", "3"), ("prompt:chirp", "")]
    assert len(pbx.hears(call, "greeting")) == 1, "the greeting is for the first time only"


def test_no_key_and_only_wrong_keys_leave_the_menu(pbx: Pbx) -> None:
    """Two callers at once: one says nothing, one presses only wrong keys."""
    silent_number, wrong_number = pbx.number(), pbx.number()
    silent, wrong = pbx.call("5550530", silent_number), pbx.call("5550530", wrong_number)

    def press_wrong_keys() -> None:
        after = 0.0
        for _ in range(2):
            after = pbx.wait_hears(wrong, "main-menu", after=after) + 0.5
            wrong.press("0")

    together(press_wrong_keys, lambda: silent.wait_ended(60))
    wrong.wait_ended(20)
    assert len(pbx.hears(silent, "main-menu")) == 2 and len(pbx.hears(silent, "ivr-no-input")) == 1
    assert len(pbx.hears(silent, "silent-caller")) == 1 and pbx.hears(silent, "ivr-invalid") == []
    assert len(pbx.hears(wrong, "ivr-invalid")) == 1 and len(pbx.hears(wrong, "wrong-caller")) == 1
    assert path_of(pbx.record(silent_number)) == [("ivr:brief", "timeout"), ("prompt:silent-caller", "")]
    assert path_of(pbx.record(wrong_number)) == [("ivr:brief", "invalid"), ("prompt:wrong-caller", "")]


def test_repeat_and_back(pbx: Pbx) -> None:
    """9 reads the menu again; * goes up a level; the path tells of every step."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    first = pbx.wait_hears(call, "main-menu")
    call.press("9")
    again = pbx.wait_hears(call, "main-menu", after=first + 0.5)
    call.press("2")
    pbx.wait_hears(call, "information-menu")
    call.press("*")
    back = pbx.wait_hears(call, "main-menu", after=again + 0.5)
    call.press("3")
    call.wait_ended(15)
    assert len(pbx.hears(call, "greeting")) == 1 and in_order(first, again, back)
    assert path_of(pbx.record(number)) == [
        ("ivr:main", "2"),
        ("ivr:information", "*"),
        ("ivr:main", "3"),
        ("prompt:chirp", ""),
    ]


def test_language_key(pbx: Pbx) -> None:
    """8 switches to Chinese: this menu, the next, and the record."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    pbx.wait_hears(call, "main-menu")
    call.press("8")
    pbx.wait_hears(call, "main-menu", "zh")
    call.press("2")
    pbx.wait_hears(call, "information-menu", "zh")
    call.press("2")
    pbx.wait_hears(call, "our-address", "zh")
    call.wait_ended(10)
    record = pbx.record(number)
    assert record["language"] == "zh"
    assert path_of(record)[-1] == ("prompt:our-address", "")


def test_dial_an_extension_in_the_menu(pbx: Pbx) -> None:
    """202 rings that phone, and both hear each other; a number that is none is told to be invalid."""
    phone, number, other = pbx.phone("202"), pbx.number(), pbx.number()
    before = len(phone.calls)
    call, lost = pbx.call("5550520", number), pbx.call("5550520", other)
    pbx.wait_hears(call, "wide-menu")
    together(lambda: call.press("202"), lambda: _press_after(pbx, lost, "20"))
    rung = phone.wait_call(before + 1)
    rung.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(phone.tone) and rung.heard.hears(call.tone), 10, "both tones")
    assert (rung.dialog.caller_number, rung.dialog.called_number) == (number, "202")
    call.hang_up()
    assert rung.wait_ended(5).ended_by == "them"
    record = pbx.record(number)
    assert path_of(record) == [("ivr:wide", "202"), ("extension:202", "hang-up")]
    assert record["result"] == "answered" and [leg["role"] for leg in record["legs"]] == ["caller", "phone"]
    pbx.wait_hears(lost, "ivr-invalid")
    lost.hang_up()
    assert pbx.record(other)["result"] == "hung-up"


def _press_after(pbx: Pbx, call: Call, keys: str) -> None:
    pbx.wait_hears(call, "wide-menu")
    call.press(keys)


def test_hang_up_in_the_menu(pbx: Pbx) -> None:
    """Who leaves in the menu is on record as just that."""
    number = pbx.number()
    call = pbx.call("5550100", number, plan=[wait(1.5)])
    call.wait_answered()
    pbx.wait_at(number, "ivr:main")
    call.hang_up()
    record = pbx.record(number)
    assert record["result"] == "hung-up" and path_of(record) == [("ivr:main", "hang-up")]
    assert pbx.live(number) == []
