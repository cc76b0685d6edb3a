"""Errands over real phones: prompts heard and recorded, test calls (I2, N1)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.pbx import Pbx, path_of
from rig import Call, Phone, wait_for

TAKES = "/var/spool/jackfield/takes"
NUMBER = "5558861"
SAID_BYTES = 24_000
"""One and a half seconds of a recording: enough to know the phone's tone by."""


def state(pbx: Pbx, errand: dict[str, Any], wanted: str) -> None:
    """Waits until an errand is so far."""
    wait_for(
        lambda: wanted in [e["state"] for e in pbx.ask("errands") if e["id"] == errand["id"]],
        20,
        f"the errand to be {wanted}; there are {pbx.ask('errands')[:2]}",
    )


def rung(phone: Phone, seen: int) -> Call:
    """The phone's next call, answered."""
    call = phone.wait_call(seen + 1)
    call.wait_answered(10)
    return call


def begin_recording(pbx: Pbx, phone: Phone, prompt: str) -> tuple[dict[str, Any], Call]:
    """Rings the phone and records its tone; it is being played back."""
    seen = len(phone.calls)
    errand = pbx.ask("prompts.record", phone="201", prompt=prompt)
    call = rung(phone, seen)
    pbx.wait_hears(call, "errand-record")
    takes = pbx.node.path(TAKES)
    wait_for(lambda: any(p.stat().st_size > SAID_BYTES for p in takes.glob("*.wav")), 15, "something recorded")
    call.press("#")
    state(pbx, errand, "review")
    wait_for(lambda: call.heard.hears(phone.tone, 0.5), 15, "the recording, played back")
    return errand, call


@pytest.fixture
def no_takes(pbx: Pbx) -> None:
    """No recording is left of other tests."""
    pbx.node.run(["find", TAKES, "-name", "*.wav", "-delete"])


def test_a_prompt_is_heard_by_the_command(pbx: Pbx) -> None:
    """`jackfield prompts listen`: the phone shows what it is about, and plays the prompt; the command sees the end."""
    ann = pbx.phone("201")
    seen = len(ann.calls)
    with ThreadPoolExecutor(1) as pool:
        command = pool.submit(pbx.jackfield, "prompts", "listen", "opening-hours", "--phone", "201", check=False)
        call = rung(ann, seen)
        pbx.wait_hears(call, "opening-hours")
        assert call.dialog.caller_name == "opening-hours"
        call.hang_up()
        done = command.result(20)
    assert (done.returncode, "it is played" in done.stdout, "done" in done.stdout) == (0, True, True), done


def test_a_text_that_is_in_no_site_is_heard_in_chinese(pbx: Pbx) -> None:
    """What is being written can be tried at once."""
    ann = pbx.phone("201")
    seen = len(ann.calls)
    errand = pbx.ask("prompts.listen", phone="201", text="销售请按一，信息请按二。", language="zh")
    call = rung(ann, seen)
    pbx.wait_hears(call, "main-menu", "zh")
    call.hang_up()
    state(pbx, errand, "done")


def test_a_phone_that_refuses_is_told(pbx: Pbx) -> None:
    """The reason, in words."""
    ann = pbx.phone("201")
    ann.refuse_with = 486
    done = pbx.jackfield("prompts", "listen", "opening-hours", "--phone", "201", check=False)
    assert done.returncode == 1 and "refused the call" in done.stderr, done


def test_a_prompt_is_recorded_at_a_phone_and_heard_by_a_caller(pbx: Pbx, unchanged: int, no_takes: None) -> None:
    """The tone of 201 is kept as a prompt, a menu plays it, and a caller from outside hears that tone."""
    ann = pbx.phone("201")
    errand, call = begin_recording(pbx, ann, "by-phone")
    call.press("1")
    state(pbx, errand, "done")
    pbx.wait_hears(call, "errand-kept")
    call.wait_ended(15)
    assert list(pbx.node.path(TAKES).glob("*.wav")) == []
    menu = {"prompt": "by-phone", "keys": {"1": "extension:202"}}
    route = {"number": NUMBER, "destination": "ivr:by-phone"}
    changes = [
        {"kind": kind, "name": "by-phone", "fields": fields, "expected": None}
        for kind, fields in (("menu", menu), ("did", route))
    ]
    pbx.ask("site.change", changes=changes, what="a recorded menu")
    pbx.jackfield("apply", "--force", "--reason", "journey: recorded by phone")
    outside = pbx.call(NUMBER, pbx.number())
    wait_for(lambda: outside.heard.hears(ann.tone, 0.8), 20, "the recorded tone")
    outside.hang_up()


def test_a_daemon_killed_while_a_recording_is_judged_forgets_nothing(pbx: Pbx, unchanged: int, no_takes: None) -> None:
    """The phone hears music, then is asked again, and what it recorded is kept."""
    ann = pbx.phone("201")
    errand, call = begin_recording(pbx, ann, "by-phone-2")
    wait_back(pbx, kill_daemon(pbx))
    state(pbx, errand, "review")
    pbx.wait_hears(call, "errand-review")
    call.press("1")
    state(pbx, errand, "done")
    call.wait_ended(15)
    assert "by-phone-2" in pbx.jackfield("show", "prompt").stdout


def test_a_test_call_goes_through_the_queue_to_an_agent(pbx: Pbx) -> None:
    """201 rings and is put through by the inbound route of a queue; it talks to the agent at 202, both ways."""
    pbx.staff("202")
    ann, bob = pbx.phone("201"), pbx.phone("202")
    seen, before = len(ann.calls), len(bob.calls)
    number = pbx.number()
    errand = pbx.ask("calls.test", phone="201", number="5550500", caller=number, trunk="carrier")
    call = rung(ann, seen)
    talk = bob.wait_call(before + 1)
    talk.wait_answered(10)
    wait_for(lambda: talk.heard.hears(ann.tone, 0.5) and call.heard.hears(bob.tone, 0.5), 15, "both ways")
    shown = pbx.ask("errands.show", errand=errand["id"])
    assert [step["destination"] for step in shown["steps"]] == ["errand:phone", "queue:basic"]
    assert [leg["agent"] for leg in shown["legs"] if leg["role"] == "agent" and leg["answered_at"]] == ["1002"]
    call.hang_up()
    state(pbx, errand, "done")
    record = pbx.record(number)
    assert record["result"] == "answered" and record["agent"] == "1002"
    assert path_of(record)[0] == ("errand:phone", "test call to 5550500")
