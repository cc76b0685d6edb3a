"""The verbs of a call, over a scripted Asterisk end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from jackfield.calls import state
from jackfield.calls.basis import Resume
from jackfield.calls.verbs_record import Recorded
from jackfield.config.objects.general import General
from jackfield.config.objects.parking import Parking
from jackfield.config.site import Site
from jackfield.errors import CallerHungUp, PluginFault, UnsafeValue
from jackfield.prompts.speaking import Digits, Money
from jackfield.routing.destinations import Goto
from verb_rig import Conversation

SITE = Site(
    {
        "general": [General(name="site", zone="Asia/Shanghai")],
        "parking": [Parking(name="lot", first="701", last="702")],
    }
)


@pytest.fixture
def talk(tmp_path):
    with Conversation(SITE, tmp_path) as conversation:
        yield conversation


def test_say_speaks_values_where_the_prompt_has_them(talk):
    talk.sounds.patterns["en"]["balance"] = ["balance~1", "{amount}", "balance~2", "{day}"]
    said = talk.run(lambda call: call.say("balance", amount=Money(Decimal("2.50"), "EUR"), day=Digits("7")))
    assert said == ""
    assert talk.peer.played() == [
        "balance~1", "number-2", "money-EUR-many", "word-and", "number-50", "money-EUR-cents", "balance~2", "digit-7"
    ]  # fmt: skip


def test_say_follows_the_callers_language(talk):
    def chinese(call):
        call.language = "zh"
        call.say(2000)

    talk.run(chinese)
    assert talk.peer.played() == ["word-two", "word-thousand"]
    assert "/zh/" in talk.peer.commands[-1]


def test_a_language_without_words_for_values_uses_the_sites(talk):
    def french(call):
        call.language = "fr"
        call.say(7)

    talk.run(french)
    assert "/en/" in talk.peer.commands[-1] and talk.peer.played() == ["number-7"]


def test_a_moment_is_told_in_the_sites_zone(talk):
    talk.run(lambda call: call.say(datetime(2026, 1, 1, 16, 0, tzinfo=UTC)))  # midnight of the second in Shanghai
    assert talk.peer.played()[:3] == ["weekday-5", "month-1", "day-2"]
    assert talk.peer.played()[-2:] == ["number-12", "word-am"]


def test_a_value_that_is_missing_is_found_before_anything_is_heard(talk):
    talk.sounds.patterns["en"]["balance"] = ["balance~1", "{amount}"]
    with pytest.raises(UnsafeValue, match=r"balance says \{amount\}; give amount="):
        talk.run(lambda call: call.say("goodbye", "balance"))
    assert talk.peer.played() == []


def test_a_key_stops_what_is_said(talk):
    talk.peer.answers["STREAM FILE"] = "200 result=53"
    assert talk.run(lambda call: call.say(12345, keys="5")) == "5"
    assert len(talk.peer.played()) == 1


def test_ask_digits_takes_a_good_answer(talk):
    talk.keys("4711#")
    answer = talk.run(lambda call: call.ask_digits("pin", least=4, most=6, valid=lambda pin: pin == "4711"))
    assert (answer.digits, answer.outcome, answer.tries, bool(answer)) == ("4711", "given", 1, True)


def test_ask_digits_says_what_was_wrong_and_asks_again(talk):
    talk.keys("12#", "", "4*1#", "9999")
    answer = talk.run(lambda call: call.ask_digits("pin", least=4, most=4, tries=4))
    assert (answer.digits, answer.tries, bool(answer)) == ("9999", 4, True)
    assert talk.peer.played() == ["pin", "not-valid", "pin", "nothing-entered", "pin", "not-valid", "pin"]


@pytest.mark.parametrize(("typed", "outcome"), [("", "none"), ("#", "none"), ("1#", "invalid")])
def test_ask_digits_gives_up_after_the_tries(talk, typed, outcome):
    talk.keys(typed, typed)
    answer = talk.run(lambda call: call.ask_digits("pin", least=2, tries=2, none=["a", "b"], invalid=[]))
    assert (answer.outcome, answer.tries, bool(answer)) == (outcome, 2, False)
    assert talk.peer.played() == (["pin", "a", "b", "pin"] if outcome == "none" else ["pin", "pin"])


def test_a_single_digit_may_not_be_the_key_that_ends(talk):
    talk.keys("#")
    assert talk.run(lambda call: call.ask_digits("menu", most=1, tries=1)).outcome == "none"


def test_ask_digits_refuses_nonsense(talk):
    with pytest.raises(ValueError, match="least 5, most 4"):
        talk.run(lambda call: call.ask_digits("pin", least=5, most=4))


def test_wait_ends_with_a_key_that_was_asked_for(talk):
    talk.keys("5", "1")
    wake = talk.run(lambda call: call.wait(5, keys="12"))
    assert (wake.key, wake.timed_out, wake.value) == ("1", False, None)


def test_wait_ends_when_time_is_up(talk):
    assert talk.run(lambda call: call.wait(0.01, keys="1")).timed_out
    assert talk.run(lambda call: call.wait(0.01)).timed_out


def test_another_thread_ends_a_wait_for_a_key(talk):
    """Asterisk ends WAIT FOR DIGIT with 1 as soon as the next command comes."""
    talk.peer.hold_digits = True

    def waits(call):
        threading.Timer(0.05, call.wake, [["agent"]]).start()
        return call.wait(20, keys="1")

    assert talk.run(waits).value == ["agent"]
    assert talk.peer.commands[-1] == "NOOP"


def test_a_key_just_before_the_wake_is_not_lost_nor_is_the_wake(talk):
    def waits(call):
        call.wake("now")
        return call.wait(5, keys="1"), call.wait(0, keys="1")

    talk.keys("1")
    first, second = talk.run(waits)
    assert first.value == "now" and second.key == "1"


def test_a_hang_up_ends_a_wait_for_a_key(talk):
    talk.peer.hold_digits = True
    talk.peer.on["WAIT FOR DIGIT"] = talk.peer.hang_up
    with pytest.raises(CallerHungUp):
        talk.run(lambda call: call.wait(20, keys="1"))


def test_record_gives_the_file_and_how_it_ended(talk):
    talk.peer.answers["RECORD FILE"] = "200 result=35 (dtmf) endpos=8000"
    talk.record_bytes(44 + 24000)
    recorded = talk.run(lambda call: call.record(seconds=90, silence=3.5, end="#*"))
    assert (recorded.seconds, recorded.ended, recorded.path.parent) == (1.5, "#", talk.takes)
    command = talk.peer.commands[-1]
    assert command == f'RECORD FILE "{recorded.path.with_suffix("")}" wav "#*" 90000 s=3'
    assert talk.peer.played() == ["beep"]


def test_what_was_said_before_the_hang_up_is_kept(talk):
    talk.record_bytes(44 + 16000)
    talk.peer.on["RECORD FILE"] = talk.peer.hang_up
    with pytest.raises(CallerHungUp) as caught:
        talk.run(lambda call: call.record(seconds=5, beep=False))
    assert isinstance(caught.value.recorded, Recorded) and caught.value.recorded.seconds == 1.0


@pytest.mark.parametrize("bad", [{"seconds": 0}, {"seconds": 9999}, {"silence": 0.5}, {"end": 'x"'}])
def test_record_refuses_nonsense(talk, bad):
    bad = {"seconds": 5} | bad
    with pytest.raises(ValueError):
        talk.run(lambda call: call.record(**bad))
    assert not any(c.startswith("RECORD") for c in talk.peer.commands)


def test_data_are_json_copied_and_stored_with_the_next_verb(talk):
    account = {"number": "4711", "tries": [1, 2]}

    def keeps(call):
        call.set_data("bank-account", account)
        account["tries"].append(3)
        call.play("goodbye")
        return call.get_data("bank-account"), call.get_data("other", 5)

    assert talk.run(keeps) == ({"number": "4711", "tries": [1, 2]}, 5)
    saved = state.decode(talk.peer.variables["JF_STATE"])
    assert saved is not None and saved.data == {"bank-account": {"number": "4711", "tries": [1, 2]}}


@pytest.mark.parametrize("value", ["x" * 3000, {1, 2}, float("nan"), object()])
def test_data_that_cannot_travel_are_refused_and_nothing_changes(talk, value):
    def keeps(call):
        call.set_data("a", 1)
        with pytest.raises(UnsafeValue):
            call.set_data("b", value)
        with pytest.raises(UnsafeValue):
            call.set_data("k" * 65, 1)
        return dict(call.data)

    assert talk.run(keeps) == {"a": 1}


def test_none_takes_a_key_away(talk):
    def keeps(call):
        call.set_data("a", 1)
        call.set_data("a", None)
        return call.data

    assert talk.run(keeps) == {}


def test_transfer_finds_a_destination_that_leads_nowhere(talk):
    assert talk.run(lambda call: call.transfer("hangup:busy", "left")) == Goto("hangup:busy", "left")
    for bad, words in (("nobody:x", "no plugin serves"), ("hangup:nowhere", "no hangup"), ("x", "kind:name")):
        with pytest.raises(UnsafeValue, match=words):
            talk.run(lambda call, bad=bad: call.transfer(bad))


def test_park_takes_a_slot_until_there_is_none(talk):
    def parks(call):
        first, second, third = call.park("201"), call.park(), call.park()
        return first, second, third, call.data

    assert talk.run(parks) == (Goto("park:701", "parked"), Goto("park:702", "parked"), None, {"park": "702"})


SAID = {
    "confer": (lambda call: call.confer("8000"), 'EXEC ConfBridge "8000,jf-bridge,jf-user"'),
    "join": (lambda call: call.join("PJSIP/202-00000007"), 'EXEC Bridge "PJSIP/202-00000007,x"'),
    "listen": (lambda call: call.listen("PJSIP/202-00000007"), 'EXEC ChanSpy "PJSIP/202-00000007,qES"'),
    "whisper": (lambda call: call.listen("PJSIP/202-00000007", "whisper"), 'EXEC ChanSpy "PJSIP/202-00000007,qESw"'),
    "key": (lambda call: call.key(2.5), "WAIT FOR DIGIT 2500"),
    "pick_up": (lambda call: call.pick_up("PJSIP/202-00000007"), 'EXEC PickupChan "PJSIP/202-00000007"'),
    "record_mix": (lambda call: call.record_mix("/spool/1.raw"), 'EXEC MixMonitor "/spool/1.raw,abD"'),
    "progress": (lambda call: call.progress(), 'EXEC Progress ""'),
    "ringing": (lambda call: call.ringing(), 'EXEC Ringing ""'),
    "set_variable": (lambda call: call.set_variable("LEVEL", "gold"), 'SET VARIABLE "LEVEL" "gold"'),
    "stop_mix": (lambda call: call.stop_mix(), 'EXEC StopMixMonitor ""'),
}


@pytest.mark.parametrize("verb", SAID)
def test_what_a_verb_says_to_asterisk(talk, verb):
    handler, command = SAID[verb]
    talk.run(handler)
    assert command in talk.peer.commands


UNSAFE = {
    "confer": lambda call: call.confer("8000,x"),
    "join": lambda call: call.join("PJSIP/202,x"),
    "listen": lambda call: call.listen("PJSIP/202,qw"),
    "reach": lambda call: call.dial(["Local/201*1,x@jf-reach/n"], seconds=1),
    "pick_up": lambda call: call.pick_up("${SHELL(id)}"),
    "record_mix": lambda call: call.record_mix("/etc/passwd"),
    "set_variable": lambda call: call.set_variable("A", "b\nEXEC System"),
    "dial": lambda call: call.dial(["Local/1@x"], seconds=1),
}


@pytest.mark.parametrize("verb", UNSAFE)
def test_what_is_unsafe_is_not_said(talk, verb):
    with pytest.raises((UnsafeValue, PluginFault)):
        talk.run(UNSAFE[verb])
    assert not any(
        c.startswith(("EXEC Conf", "EXEC Br", "EXEC Chan", "EXEC Pick", "EXEC Mix", "EXEC Dial", "SET VARIABLE"))
        for c in talk.peer.commands
    )


def test_a_wish_to_be_recorded_travels_with_the_call(talk):
    def wishes(call):
        call.want_recording()
        call.flush()

    talk.run(wishes)
    saved = state.decode(talk.peer.variables["JF_STATE"])
    assert saved is not None and saved.data == {"record": "yes"} and talk.call.recording_wanted


def test_somebody_at_a_number_outside_has_one_target(talk):
    assert talk.run(lambda call: call.phones("201*0207")) == ["Local/201*0207@jf-reach/n"]


def test_an_extension_that_is_unknown_has_one_target(talk):
    assert talk.run(lambda call: call.phones("299")) in ([], ["PJSIP/299"])


def music_commands(talk):
    return [c for c in talk.peer.commands if "MUSIC" in c]


def test_music_changes_with_its_class(talk):
    def tour(call):
        for cls in ("default", "default", "jazz", "jazz", "default"):
            call.music(True, cls)
        call.music(False)
        call.music(False)
        call.music()

    talk.run(tour)
    assert music_commands(talk) == [
        "SET MUSIC ON default",
        "SET MUSIC OFF", 'SET VARIABLE "JF_MUSIC" "jazz"', "SET MUSIC ON jazz",
        "SET MUSIC OFF", 'SET VARIABLE "JF_MUSIC" "default"', "SET MUSIC ON default",
        "SET MUSIC OFF",
        "SET MUSIC ON default",
    ]  # fmt: skip


@pytest.mark.parametrize(("rescued", "again"), [("200 result=1 (jazz)", False), ("200 result=0", True)])
def test_music_of_the_rescue_plays_on(talk, rescued, again):
    """What the dialplan plays meanwhile is the class that the caller heard; another one is changed."""
    talk.peer.answers["GET VARIABLE"] = rescued
    saved = state.Saved(talk.call.facts, "queue:sales", 1, {}, {}, 0, True)
    talk.run(lambda call: (call.restore(saved, Resume(), music=True), call.music(True, "jazz")))
    changed = ["SET MUSIC OFF", 'SET VARIABLE "JF_MUSIC" "jazz"', "SET MUSIC ON jazz"]
    assert music_commands(talk)[1:] == (changed if again else [])
