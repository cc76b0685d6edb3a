"""Errands: phones that ring at an administrator's word, with the whole daemon over a simulated Asterisk."""

from __future__ import annotations

import base64
import json

import pytest
from jackfield.control.method import Caller, Role
from jackfield.errors import JackfieldError
from jackfield.testing import Simulator
from jackfield.testing.people import Caller as Person
from jackfield_acd.plugin import AcdPlugin
from jackfield_ivr.plugin import IvrPlugin

SITE = """
[[trunk]]
name = "carrier"
host = "192.0.2.7"

[[extension]]
name = "201"
title = "Ann"

[[extension]]
name = "202"

[[prompt]]
name = "choose"
text = { en = "Press one." }

[[menu]]
name = "top"
prompt = "choose"
keys = { 1 = "extension:202" }

[[did]]
name = "main"
number = "5550100"
destination = "ivr:top"
trunk = "carrier"
"""


class Processes:
    """Instead of the processes that work on the site: what they were asked."""

    def __init__(self):
        self.asked, self.refuses = [], None

    def run(self, action, author, params, progress=None):
        self.asked.append((action, author, params))
        if self.refuses:
            raise self.refuses
        return json.dumps({"files": ["/sounds/en/jf/choose-1"], "revision": 7}).encode()


@pytest.fixture
def pbx():
    with Simulator({"acd": AcdPlugin, "ivr": IvrPlugin}, site=SITE) as made:
        made.processes = Processes()
        made.daemon.errands._processes = made.processes
        yield made


def ask(pbx, method, **params):
    return pbx.daemon.control.methods()[method].call(params, Caller("root", 0, Role.ADMIN))


def state(pbx, errand):
    return next((each["state"] for each in ask(pbx, "errands") if each["id"] == errand["id"]), None)


def answered(pbx, errand):
    phone = pbx.phone(errand["phone"])
    phone.rings()
    phone.answers()
    return phone


def presses(pbx, phone, keys):
    Person(pbx, phone.leg).presses(keys)


def becomes(pbx, errand, wanted):
    assert pbx.until(lambda: state(pbx, errand) == wanted), state(pbx, errand)


def test_a_prompt_is_heard_at_a_phone(pbx):
    errand = ask(pbx, "prompts.listen", phone="201", prompt="choose")
    assert state(pbx, errand) == "ringing"
    phone = answered(pbx, errand)
    becomes(pbx, errand, "playing")
    assert pbx.until(lambda: [s.name for s in phone.leg.heard][-1:] == ["errand-again"])
    presses(pbx, phone, "1")
    assert pbx.until(lambda: [s.name for s in phone.leg.heard].count("errand-again") == 2)
    pbx.clock.advance(10)
    becomes(pbx, errand, "done")
    assert pbx.processes.asked == [
        ("trial_sounds", "root", {"prompt": "choose", "language": "en", "text": "", "file": ""})
    ]


def test_a_prompt_is_recorded_anew_and_kept(pbx):
    errand = ask(pbx, "prompts.record", phone="201", prompt="hello", language="zh")
    phone = answered(pbx, errand)
    becomes(pbx, errand, "recording")
    for _turn in range(2):
        pbx.settle()
        pbx.clock.advance(3)
        presses(pbx, phone, "#")
        becomes(pbx, errand, "review")
        presses(pbx, phone, "3")
        becomes(pbx, errand, "recording")
    pbx.settle()
    pbx.clock.advance(2)
    presses(pbx, phone, "#")
    becomes(pbx, errand, "review")
    presses(pbx, phone, "1")
    becomes(pbx, errand, "done")
    ((action, author, params),) = pbx.processes.asked
    assert (action, author, params["prompt"], params["language"]) == ("keep_prompt", "root", "hello", "zh")
    assert base64.b64decode(params["data"])[:4] == b"RIFF"
    assert pbx.until(lambda: [s.name for s in phone.leg.heard][-2:] == ["errand-kept", "goodbye"])
    assert list((pbx.folder / "takes").iterdir()) == []


def test_hanging_up_before_it_is_kept_leaves_nothing(pbx):
    errand = ask(pbx, "prompts.record", phone="201", prompt="hello")
    phone = answered(pbx, errand)
    becomes(pbx, errand, "recording")
    pbx.settle()
    pbx.clock.advance(3)
    phone.hangs_up()
    becomes(pbx, errand, "failed")
    assert "nothing has changed" in ask(pbx, "errands.show", errand=errand["id"])["reason"]
    assert pbx.processes.asked == [] and list((pbx.folder / "takes").iterdir()) == []


def test_a_recording_that_cannot_be_kept_says_why(pbx):
    errand = ask(pbx, "prompts.record", phone="201", prompt="hello")
    phone = answered(pbx, errand)
    becomes(pbx, errand, "recording")
    pbx.settle()
    pbx.clock.advance(3)
    presses(pbx, phone, "#")
    becomes(pbx, errand, "review")
    pbx.processes.refuses = JackfieldError("somebody else is changing the site")
    presses(pbx, phone, "1")
    becomes(pbx, errand, "failed")
    assert "somebody else" in ask(pbx, "errands.show", errand=errand["id"])["reason"]
    assert pbx.until(lambda: [s.name for s in phone.leg.heard][-1] == "sorry")


def test_a_daemon_that_dies_after_the_recording_asks_again_whether_to_keep_it(pbx):
    errand = ask(pbx, "prompts.record", phone="201", prompt="hello")
    phone = answered(pbx, errand)
    becomes(pbx, errand, "recording")
    pbx.settle()
    pbx.clock.advance(3)
    presses(pbx, phone, "#")
    becomes(pbx, errand, "review")
    pbx.settle()
    pbx.restart()
    pbx.daemon.errands._processes = pbx.processes
    becomes(pbx, errand, "review")
    presses(pbx, phone, "1")
    becomes(pbx, errand, "done")
    assert [asked[0] for asked in pbx.processes.asked] == ["keep_prompt"]


def test_a_test_call_takes_the_inbound_route(pbx):
    errand = ask(pbx, "calls.test", phone="201", number="5550100", caller="7001")
    phone = answered(pbx, errand)
    becomes(pbx, errand, "connected")
    assert pbx.until(lambda: [s.name for s in phone.leg.heard][-1:] == ["choose"])
    presses(pbx, phone, "1")
    ben = pbx.phone("202")
    ben.rings()
    assert ben.shows == "7001"
    ben.answers()
    assert pbx.until(lambda: "202" in who_talks(show(pbx, errand)))
    assert [step["destination"] for step in show(pbx, errand)["steps"]] == [
        "errand:phone", "ivr:top", "extension:202",
    ]  # fmt: skip
    ben.hangs_up()
    becomes(pbx, errand, "done")
    assert pbx.until(lambda: show(pbx, errand)["result"] == "answered")


def who_talks(shown):
    return [leg["number"] for leg in shown["legs"] if leg["answered_at"] and leg["role"] != "caller"]


def show(pbx, errand):
    return ask(pbx, "errands.show", errand=errand["id"])


@pytest.mark.parametrize(
    ("number", "leads"), [("202", "extension:202"), ("ivr:top", "ivr:top"), ("999", "hangup:unallocated")]
)
def test_a_test_call_to_what_is_no_did(pbx, number, leads):
    errand = ask(pbx, "calls.test", phone="201", number=number)
    phone = answered(pbx, errand)
    assert pbx.until(lambda: leads in [step["destination"] for step in show(pbx, errand)["steps"]])
    if leads != "hangup:unallocated":
        phone.hangs_up()
    becomes(pbx, errand, "done")


def test_a_destination_that_is_not_there_is_told(pbx):
    errand = ask(pbx, "calls.test", phone="201", number="queue:nobody")
    answered(pbx, errand)
    becomes(pbx, errand, "failed")
    assert "there is no queue 'nobody'" in show(pbx, errand)["reason"]


def test_a_phone_that_nobody_answers_or_that_refuses(pbx):
    first = ask(pbx, "prompts.listen", phone="201", text="Good day")
    pbx.phone("201").rings()
    pbx.clock.advance(40)
    becomes(pbx, first, "failed")
    assert show(pbx, first)["reason"] == "nobody answered the phone"
    second = ask(pbx, "prompts.listen", phone="201", text="Good day")
    phone = pbx.phone("201")
    phone.rings()
    phone.refuses()
    becomes(pbx, second, "failed")
    assert "refused" in show(pbx, second)["reason"]


def test_one_errand_a_phone_and_only_phones_that_are_there(pbx):
    errand = ask(pbx, "prompts.listen", phone="201", prompt="choose")
    with pytest.raises(JackfieldError, match="another errand"):
        ask(pbx, "prompts.listen", phone="201", prompt="choose")
    pbx.phone("202").goes_away()
    assert pbx.until(lambda: "202" not in pbx.daemon.registry.registered())
    with pytest.raises(JackfieldError, match="is registered"):
        ask(pbx, "prompts.record", phone="202", prompt="choose")
    with pytest.raises(JackfieldError, match="no extension 299"):
        ask(pbx, "calls.test", phone="299", number="5550100")
    with pytest.raises(JackfieldError, match="what is to be heard"):
        ask(pbx, "prompts.listen", phone="202", prompt="choose", text="both")
    assert [each["id"] for each in ask(pbx, "errands")] == [errand["id"]]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("calls.test", {"phone": "201", "number": "5550100,jf-trunk"}),
        ("calls.test", {"phone": "201&202", "number": "5550100"}),
        ("calls.test", {"phone": "201", "number": "${SHELL(id)}"}),
        ("prompts.listen", {"phone": "201", "sound": "../../etc/passwd"}),
        ("prompts.record", {"phone": "201", "prompt": "a/b"}),
        ("prompts.record", {"phone": "201", "prompt": "hello", "language": "xx"}),
    ],
)
def test_hostile_values_are_refused(pbx, method, params):
    with pytest.raises(ValueError, match="validation error"):
        ask(pbx, method, **params)


def test_who_dials_the_code_by_hand_is_turned_away(pbx):
    caller = pbx.phone("201").dials("*51")
    caller.hears("not-valid")
    caller.is_over()
