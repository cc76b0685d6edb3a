"""The wait (A5): announcements, exits by key, the expected wait, early media; and its price while nothing happens."""

from __future__ import annotations

import re
import time

from journeys.faults import kill_daemon, wait_back
from journeys.pbx import Pbx, path_of
from rig import Call, Phone


def agi_traffic(pbx: Pbx) -> list[tuple[str, ...]]:
    """Bytes that went over each AGI connection so far."""
    told = pbx.node.run(["ss", "-tinHO", "state", "established", "sport = :4573"]).stdout
    return sorted(
        (line.split()[3], *re.findall(r"bytes_(?:sent|received):\d+", line)) for line in told.splitlines() if line
    )


def test_announcements_and_a_key(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """The queue's own prompts, in turn, between music; key 2 leads elsewhere, and key 1 nowhere."""
    number = pbx.number()
    call = pbx.call("5550570", number)
    pbx.wait_waiting("news", [number])
    first = pbx.wait_hears(call, "our-address")
    over = first + len(pbx.prompt("our-address")) / 8000
    second = pbx.wait_hears(call, "opening-hours", after=over)
    assert 4.0 <= second - over <= 9.0, "announcements_every is 5, counted from the end of the one before"
    call.press("1")
    call.press("2")
    pbx.wait_hears(call, "thanks")
    record = pbx.record(number)
    assert path_of(record) == [("queue:news", "key 2"), ("prompt:thanks", "")]
    assert pbx.waiting("news") == []


def test_a_key_to_another_queue_keeps_the_time_waited(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """No AGI traffic while nothing happens; the daemon is killed; then 3: first in the other line, by time waited."""
    ann, talking, talk = busy_ann
    patient, other = pbx.number(), pbx.number()
    call = pbx.call("5550573", patient)
    pbx.wait_waiting("exits", [patient])
    pbx.node.wait_for(lambda: call.heard.sounds(), 10, "music")
    before, begun = agi_traffic(pbx), time.monotonic()
    pbx.node.wait_for(lambda: call.heard.heard_sound_between(begun + 1.5, begun + 2.0), 15, "more music")
    assert len(before) == 2 and all(len(one) == 3 for one in before), before
    assert agi_traffic(pbx) == before, "a caller who waits costs no AGI command"
    pbx.call("5550500", other)
    pbx.wait_waiting("basic", [other])
    wait_back(pbx, kill_daemon(pbx))
    pbx.wait_waiting("exits", [patient])
    call.press("3")
    pbx.wait_waiting("basic", [patient, other])
    talking.hang_up()
    rung = ann.wait_call([c.call_id for c in ann.calls].index(talk.call_id) + 2)
    assert rung.dialog.caller_number == patient
    rung.wait_answered()
    call.hang_up()
    assert path_of(pbx.record(patient))[0] == ("queue:exits", "key 3")


def test_the_expected_wait(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """Once callers have been served, those who wait hear how long it will take; before that, only their place."""
    ann, talking, _ = busy_ann
    numbers = [pbx.number() for _ in range(3)]
    calls = []
    for count, number in enumerate(numbers, 1):
        calls.append(pbx.call("5550571", number))
        pbx.wait_waiting("foretold", numbers[:count])
    last = calls[-1]
    told = pbx.wait_hears(last, "acd-position-after")
    assert not pbx.hears(last, "acd-wait-short")
    ann.hang_up_after = 0.5
    talking.hang_up()
    pbx.node.wait_for(lambda: pbx.waiting("foretold") == [], 30, "all to be served")
    waits = pbx.record(numbers[1])["wait_seconds"]
    ann.hang_up_after = None
    again = pbx.call("5550500", pbx.number())
    pbx.node.wait_for(lambda: pbx.agent("1001")["state"] == "talking", 15, "Ann to talk")
    number = pbx.number()
    call = pbx.call("5550571", number)
    pbx.wait_waiting("foretold", [number])
    pbx.wait_hears(call, "acd-wait-short", after=told)
    expected = pbx.queue("foretold")["waiting"][0]["expected_seconds"]
    assert 0 < expected < 60 and expected < 2 * waits
    again.hang_up()


def test_early_media(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """The queue leaves the answer to the agent: place and music before it, and nothing to pay."""
    ann, talking, _ = busy_ann
    number = pbx.number()
    call = pbx.call("5550572", number)
    pbx.wait_waiting("early", [number])
    pbx.wait_hears(call, "acd-position-after")
    assert call.dialog.answered_at is None and call.dialog.progress_at is not None
    talking.hang_up()
    call.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone), 10, "Ann's voice")
    call.hang_up()
    assert pbx.record(number)["result"] == "answered"
