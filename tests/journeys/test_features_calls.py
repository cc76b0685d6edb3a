"""What people do with a live call (T5): park and retrieve, pick up, instant conference; kill -9 in each of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from journeys.faults import first_sound, kill_daemon, wait_back
from journeys.line import Line
from journeys.pbx import Pbx, path_of
from journeys.softphone import Softphone, registered
from rig import Call, wait_for
from rig.audio import TONES

USERS = ("211", "212", "213")
Phones = dict[str, Softphone]


@pytest.fixture(scope="module")
def softphones(shared_pbx: Pbx) -> Iterator[Phones]:
    """Softphones of extensions 211, 212 and 213."""
    tones = dict(zip(USERS, TONES[8:], strict=False))
    with registered(shared_pbx.run.party("featcalls"), shared_pbx.node.address, tones) as phones:
        yield phones


@pytest.fixture
def phones(pbx: Pbx, softphones: Phones) -> Iterator[Phones]:
    """The softphones, free."""
    for phone in softphones.values():
        phone.reset()
    yield softphones
    for phone in softphones.values():
        phone.reset()


def talk(pbx: Pbx, phones: Phones, number: str, user: str = "211") -> tuple[Call, Line]:
    """An outside caller who talks with an extension."""
    call = pbx.call(f"55504{user[1:]}", number)
    line = phones[user].wait_line().wait("up")
    line.wait_hears(call.tone)
    return call, line


def hears_after(call: Call, tone: int, after: float) -> None:
    """Waits until a carrier's call hears a tone, later than a moment."""
    wait_for(lambda: any(end > after + 0.3 for _, end in call.heard.heard_tone(tone)), 10, f"{tone} Hz", every=0.1)


def park(pbx: Pbx, phones: Phones, number: str) -> tuple[Call, str]:
    """211 puts the caller on hold and dials *68; the caller, and the slot."""
    call, line = talk(pbx, phones, number)
    line.hold()
    code = phones["211"].call("*68").wait("up")
    slot = wait_for(lambda: next((row["slot"] for row in pbx.ask("parked") if row["from"] == number), ""), 10, "a slot")
    line.wait("ended")
    code.wait("ended", 15)
    assert code.heard.find(pbx.prompt("feature-park-slot"), 0.6)
    return call, slot


def test_park_and_retrieve(pbx: Pbx, phones: Phones) -> None:
    """Parked with music at a slot that is said and shown; 213 dials the slot and has the caller: one record."""
    number = pbx.number()
    call, slot = park(pbx, phones, number)
    assert "InUse" in pbx.node.asterisk(f"core show hint {slot}")
    parked = time.monotonic()
    wait_for(lambda: first_sound(call.heard, parked) is not None, 6, "music", every=0.1)
    line = phones["213"].call(slot).wait("up")
    line.wait_hears(call.tone)
    hears_after(call, line.tone, parked)
    assert pbx.ask("parked") == []
    call.hang_up()
    line.wait("ended")
    record = pbx.record(number)
    assert [d for d, _ in path_of(record)] == ["extension:211", f"park:{slot}"] and record["result"] == "answered"
    assert [(leg["role"], leg["number"]) for leg in record["legs"]] == [
        ("caller", number), ("phone", "211"), ("phone", "213"),
    ]  # fmt: skip


def test_a_parked_caller_outlives_the_daemon(pbx: Pbx, phones: Phones) -> None:
    """kill -9 while parked: music goes on, the slot is the same, and the caller is taken from it."""
    number = pbx.number()
    call, slot = park(pbx, phones, number)
    killed = time.monotonic()
    wait_back(pbx, kill_daemon(pbx))
    wait_for(lambda: [row["slot"] for row in pbx.ask("parked")] == [slot], 5, "the slot")
    silences = call.heard.between(killed + 2.5, time.monotonic() - 0.3).silences(1.0)
    assert silences == []
    line = phones["213"].call(slot).wait("up")
    line.wait_hears(call.tone)
    hears_after(call, line.tone, killed)
    wait_back(pbx, kill_daemon(pbx))
    again = time.monotonic()
    hears_after(call, line.tone, again)
    line.hang_up()
    call.wait_ended(10)
    assert pbx.record(number)["result"] == "answered"


def test_a_parked_caller_goes_back(pbx: Pbx, phones: Phones) -> None:
    """Nobody comes: after return_seconds 211 rings and has the caller again; who dials the slot then hears so."""
    number = pbx.number()
    call, slot = park(pbx, phones, number)
    phones["211"].lines.clear()
    back = phones["211"].wait_line(1, 25).wait("up")
    back.wait_hears(call.tone)
    assert back.caller == number
    empty = phones["213"].call(slot).wait("up").wait("ended", 15)
    assert empty.heard.find(pbx.prompt("feature-park-empty"), 0.6)
    call.hang_up()
    assert path_of(pbx.record(number))[-1][0] == f"park:{slot}"


def test_parked_by_transfer(pbx: Pbx, phones: Phones) -> None:
    """211 transfers the caller to 702: parked there; 213 takes the call."""
    number = pbx.number()
    call, line = talk(pbx, phones, number)
    line.transfer("702")
    wait_for(lambda: [row["slot"] for row in pbx.ask("parked")] == ["702"], 10, "the caller at 702")
    assert pbx.ask("parked")[0]["by"] == "211"
    phones["213"].call("702").wait("up").wait_hears(call.tone)
    call.hang_up()


@pytest.mark.parametrize("code", ["**211", "*8"])
def test_pick_up(pbx: Pbx, phones: Phones, code: str) -> None:
    """211 rings; 212 of the same group picks up and talks with the caller; 213, of no group, may not."""
    number = pbx.number()
    phones["211"].answer_after = None
    call = pbx.call("5550411", number)
    ringing = phones["211"].wait_line()
    refused = phones["213"].call(code).wait("up").wait("ended", 15)
    assert refused.heard.find(pbx.prompt("feature-nothing-rings"), 0.6)
    assert ringing.state == "ringing"
    line = phones["212"].call(code).wait("up")
    line.wait_hears(call.tone)
    hears_after(call, line.tone, line.answered_at)
    ringing.wait("ended")
    wait_back(pbx, kill_daemon(pbx))
    hears_after(call, line.tone, time.monotonic())
    call.hang_up()
    line.wait("ended")
    record = pbx.record(number)
    assert record["result"] == "answered" and ("phone", "212") in [(x["role"], x["number"]) for x in record["legs"]]


def test_conference_by_code(pbx: Pbx, phones: Phones) -> None:
    """211 holds the caller and dials *3213: all three hear each other, also after a kill -9; 211 may leave."""
    number = pbx.number()
    call, line = talk(pbx, phones, number)
    line.hold()
    me = phones["211"].call("*3213").wait("up")
    third = phones["213"].wait_line().wait("up")
    wait_for(lambda: [len(c["members"]) for c in pbx.ask("conferences")] == [3], 10, "three in a conference")
    begun = time.monotonic()
    me.wait_hears(call.tone, begun), me.wait_hears(third.tone, begun)
    third.wait_hears(call.tone, begun), third.wait_hears(me.tone, begun)
    hears_after(call, me.tone, begun), hears_after(call, third.tone, begun)
    wait_back(pbx, kill_daemon(pbx))
    after = time.monotonic()
    me.wait_hears(third.tone, after), third.wait_hears(me.tone, after), hears_after(call, me.tone, after)
    me.hang_up()
    left = time.monotonic()
    hears_after(call, third.tone, left)
    call.hang_up()
    wait_for(lambda: pbx.ask("conferences") == [], 10, "the end of the conference")
    third.wait("ended")
    record = pbx.record(number)
    assert path_of(record)[0][0] == "extension:211" and path_of(record)[-1][0].startswith("conference:")


def test_conference_by_the_administrator(pbx: Pbx, phones: Phones) -> None:
    """A talk of two, one more is added from outside of the call, heard by all, and taken out again."""
    number = pbx.number()
    call, line = talk(pbx, phones, number)
    made = pbx.jackfield("conference", "add", "211", "213", "--json")
    third = phones["213"].wait_line().wait("up")
    begun = time.monotonic()
    line.wait_hears(third.tone, begun), third.wait_hears(call.tone, begun), hears_after(call, third.tone, begun)
    [room] = pbx.jackfield("conference", "list", "--json")
    assert room["room"] == made["room"] and len(room["members"]) == 3
    pbx.jackfield("conference", "drop", made["room"], "213")
    third.wait("ended")
    hears_after(call, line.tone, time.monotonic())
    line.hang_up()
    call.wait_ended(15)
    assert ("phone", "211") in [(x["role"], x["number"]) for x in pbx.record(number)["legs"]]


def test_names_in_a_conference(pbx: Pbx, phones: Phones, unchanged: int) -> None:
    """Each is asked for a name in our words; the others hear it when its owner comes and goes. Nothing is kept."""
    changed = pbx.site_text().replace('title = "Journeys"', 'title = "Journeys"\nconference_names = true')
    pbx.apply_text(changed, "names in conferences")
    call, line = talk(pbx, phones, pbx.number())
    line.hold()
    me = phones["211"].call("*3213").wait("up")
    third = phones["213"].wait_line().wait("up")
    pbx.wait_hears(call, "feature-conference-name")
    call.press("#")
    tell_name(pbx, me)
    wait_for(lambda: [len(c["members"]) for c in pbx.ask("conferences")] == [2], 10, "two in a conference")
    begun = time.monotonic()
    tell_name(pbx, third)
    hears_after(call, third.tone, begun)  # silent now, so this is the name
    assert pbx.wait_hears(call, "feature-conference-has-joined", after=begun)
    wait_for(lambda: [len(c["members"]) for c in pbx.ask("conferences")] == [3], 10, "three in a conference")
    left = time.monotonic()
    third.hang_up()
    hears_after(call, third.tone, left)
    pbx.wait_hears(call, "feature-conference-has-left", after=left)
    me.hang_up()
    call.wait_ended(15)
    wait_for(lambda: "name" not in pbx.node.run(["ls", "/var/spool/asterisk/confbridge"]).stdout, 10, "no name left")


def tell_name(pbx: Pbx, line: Line) -> None:
    """When it is asked for, a second of the phone's tone stands for a name; then the phone is silent."""
    wait_for(lambda: line.heard.find(pbx.prompt("feature-conference-name"), 0.8), 15, "to be asked", every=0.2)
    asked = line.media.seconds
    wait_for(lambda: line.media.seconds > asked + 1.2, 5, "a name to be said", every=0.1)
    line.press("#")
    line.media.muted = True
