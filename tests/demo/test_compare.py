"""The demo's comparison agrees with a true account, and finds every lie."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime

import pytest

from demo.accounts import LogIn
from demo.compare import counts
from demo.plan import AT_ONCE, CALLS, WAVES
from demo.truth import AGENTS, MORE, START, World, account_of, record_of, recording_of, stamp


@pytest.fixture
def world() -> World:
    starts = {call.number: START + 200 * i + call.at for i, wave in enumerate(WAVES) for call in wave}
    cases = [(p, account_of(p, 1100 + 25 * i, starts[p.number])) for i, p in enumerate(CALLS)]
    logins = [LogIn(agent, f"20{agent[-1]}", "*11", (("en", "acd-logged-in"),)) for agent in AGENTS]
    phones = [
        {
            "id": f"login-{one.agent}",
            "direction": "internal",
            "extension": one.extension,
            "did": "*11",
            "language": "en",
            "result": "completed",
            "steps": [{"destination": "agent:login"}],
        }
        for one in logins
    ]
    records = [record_of(planned, seen) for planned, seen in cases]
    return World(cases, logins, [*records, *phones], [recording_of(seen) for _, seen in cases if seen.taken])


def test_a_true_account_has_no_mismatch(world):
    assert world.mismatches() == []


def test_counts_add_up(world):
    found = counts(world.cases, world.records, world.recordings)
    assert found["calls"] == found["records"] == len(CALLS)
    assert found["answered"] + found["abandoned"] + found["other"] == len(CALLS)
    assert found["recorded"] == found["audio_both_ways"] == found["answered"] == len(world.recordings)


TALK, GIVES_UP, MENU = "key 1, caller hangs up in talk", "gives up waiting", "hangs up in the menu"
RECORD_LIES = {
    "another result": (TALK, "result", "abandoned", "result"),
    "abandoned as hung up": (GIVES_UP, "result", "hung-up", "result"),
    "another agent": (TALK, "agent", "1002", "agent"),
    "an agent out of nothing": (GIVES_UP, "agent", "1001", "agent"),
    "another queue": (TALK, "queue", "service", "queue"),
    "another language": (TALK, "language", "zh", "language"),
    "another name": (TALK, "caller_name", "Alice Adam", "name of the caller"),
    "another cause": ("nobody has this number", "cause", 16, "cause"),
    "an interruption": (TALK, "interrupted", True, "interruption"),
    "no end": (MENU, "ended_at", None, "its end is not on record"),
    "an answer out of nothing": (GIVES_UP, "answered_at", stamp(START), "the answer by a person is on record"),
    "no answer": (TALK, "answered_at", None, "the answer by a person is not on record"),
}


@pytest.mark.parametrize("lie", RECORD_LIES)
def test_a_record_that_lies(world, lie):
    what, key, value, words = RECORD_LIES[lie]
    world.record(what)[key] = value
    found = world.mismatches()
    assert any(words in text and what in text for text in found), found


@pytest.mark.parametrize("key", ["started_at", "ended_at", "answered_at"])
@pytest.mark.parametrize("by", [MORE, -MORE])
def test_a_time_that_is_off(world, key, by):
    record = world.record(TALK)
    record[key] = stamp(datetime.fromisoformat(record[key]).timestamp() + by)
    assert any(f"{by:+.2f} s off" in text for text in world.mismatches())


@pytest.mark.parametrize("key", ["wait_seconds", "talk_seconds"])
@pytest.mark.parametrize("by", [MORE, -MORE])
def test_a_length_that_is_off(world, key, by):
    world.record(TALK)[key] += by
    assert len(world.mismatches()) == 1


def test_within_the_tolerance_all_is_well(world):
    for record in world.records[: len(CALLS)]:
        record["wait_seconds"] += 0.2
        record["ended_at"] = stamp(datetime.fromisoformat(record["ended_at"]).timestamp() + 0.2)
    assert world.mismatches() == []


def test_a_step_too_many_and_one_too_few(world):
    world.record(TALK)["steps"].pop()
    world.record(MENU)["steps"].append(deepcopy(world.record(MENU)["steps"][0]))
    assert sum("path" in text for text in world.mismatches()) == 2


def test_a_gap_between_steps(world):
    step = world.record(TALK)["steps"][1]
    step["entered_at"] = stamp(datetime.fromisoformat(step["entered_at"]).timestamp() + MORE)
    assert any("entering queue:sales" in text for text in world.mismatches())


def test_who_hung_up(world):
    world.record(TALK)["steps"][-1]["outcome"] = "answered"
    assert any("the caller hung up" in text for text in world.mismatches())


def test_a_record_is_missing(world):
    world.records.remove(world.record(TALK))
    found = world.mismatches()
    assert any("there are 0 records of it" in text for text in found)
    assert any("recording of a call that nobody placed" in text for text in found)


def test_a_record_twice(world):
    world.records.append(world.record(TALK) | {"id": "again"})
    assert any("there are 2 records of it" in text for text in world.mismatches())


def test_a_record_of_no_call(world):
    world.records.append(world.record(TALK) | {"id": "ghost", "caller_number": "999"})
    assert any("a record of a call that nobody placed" in text for text in world.mismatches())


def test_a_call_of_a_phone_that_nobody_made(world):
    world.records.append(world.records[-1] | {"id": "ghost", "did": "201"})
    assert any("phones made 4 calls" in text for text in world.mismatches())


def test_a_log_in_without_a_record_or_in_another_language(world):
    world.records[-1]["result"] = "rejected"
    world.logins[0] = replace(world.logins[0], heard=(("zh", "acd-logged-in"),))
    assert sum("log-in of" in text for text in world.mismatches()) == 2


@pytest.mark.parametrize(("key", "value"), [("agent", "1002"), ("number", "209"), ("role", "phone")])
def test_a_leg_that_lies(world, key, value):
    world.record(TALK)["legs"][1][key] = value
    assert world.mismatches()


def test_a_leg_is_missing(world):
    world.record("agent does not answer, the next does")["legs"].pop(1)
    assert any("legs to agents" in text for text in world.mismatches())


RECORDING_LIES = {
    "not ready": ({"state": "failed"}, "state"),
    "mono": ({"channels": 1}, "flac with 1 channels"),
    "another form": ({"form": "ogg"}, "ogg with 2"),
    "other bytes": ({"intact": False}, "checksum"),
    "row's length": ({"row_seconds": 1.0}, "by its row"),
    "caller not on the left": ({"left": {}}, "left the caller"),
    "agent not on the right": ({"right": {}}, "right the agent"),
}


@pytest.mark.parametrize("lie", RECORDING_LIES)
def test_a_recording_that_lies(world, lie):
    changes, words = RECORDING_LIES[lie]
    world.change_recording(TALK, **changes)
    assert any(words in text for text in world.mismatches())


def test_a_recording_with_sides_mixed_or_swapped(world):
    call_id = world.record(TALK)["id"]
    one = next(r for r in world.recordings if r.call_id == call_id)
    world.change_recording(TALK, left=one.right, right=one.left)
    assert sum("others' tones" in text for text in world.mismatches()) == 2
    both = {tone: one.left[tone] + one.right[tone] for tone in one.left}
    world.change_recording(TALK, left=both, right=both)
    assert sum("others' tones" in text for text in world.mismatches()) == 2


def test_a_recording_too_short(world):
    one = next(r for r in world.recordings if r.call_id == world.record(TALK)["id"])
    world.change_recording(TALK, seconds=one.seconds - MORE, row_seconds=one.seconds - MORE)
    assert any("recording's length is" in text for text in world.mismatches())


def test_a_recording_is_missing_doubled_or_of_a_call_without_talk(world):
    first = world.recordings.pop(0)
    world.recordings.append(world.recordings[0])
    world.recordings.append(replace(first, call_id=world.record(GIVES_UP)["id"]))
    assert sum("recordings, to be" in text for text in world.mismatches()) == 3


def test_the_wire_is_believed_before_the_plan(world):
    world.see(TALK, code=503, offers=(), heard_agents={})
    found = world.mismatches()
    assert any("the SIP code is 503" in text for text in found)
    assert any("the record's result is 'answered', to be 'rejected'" in text for text in found)


@pytest.mark.parametrize("changes", [{"by": "pbx"}, {"keys": "2"}, {"music": False}, {"prompts": ()}])
def test_what_did_not_go_as_planned(world, changes):
    what = "waits, first to come" if "music" in changes else TALK
    world.see(what, **changes)
    assert any(what in text for text in world.mismatches())


def test_a_prompt_in_both_languages_is_wrong(world):
    world.see(MENU, prompts=(("en", "welcome"), ("zh", "welcome")))
    assert any("was heard in ['en', 'zh']" in text for text in world.mismatches())


def test_one_side_hears_nothing(world):
    seen = world.seen(TALK)
    world.see(TALK, heard_agents={}, offers=(replace(seen.offers[0], heard_caller=0.0),))
    assert sum("tone for 0.00 s" in text for text in world.mismatches()) == 2
    assert counts(world.cases, [], [])["audio_both_ways"] == len(world.recordings) - 1


def test_hearing_another_agent(world):
    world.see(GIVES_UP, heard_agents={"1001": 3.0})
    assert any("whose phone did not answer" in text for text in world.mismatches())


def test_the_same_phone_again(world):
    what = "agent does not answer, the next does"
    first, second = world.seen(what).offers
    world.see(what, offers=(first, replace(second, agent=first.agent, extension=first.extension)))
    assert any("the same phone again" in text for text in world.mismatches())


def move_ring(world: World, what: str, by: float) -> None:
    """Seen and on record alike, so that nothing but the order is wrong."""
    offers = tuple(
        replace(o, rang_at=o.rang_at + by, answered_at=(o.answered_at or 0) + by, heard_caller=o.heard_caller - by)
        for o in world.seen(what).offers
    )
    taken = offers[-1]
    world.see(what, offers=offers, heard_agents={taken.agent: taken.talk})
    index = world.which(what)
    world.records[index] = record_of(*world.cases[index])
    old = next(i for i, r in enumerate(world.recordings) if r.call_id == world.records[index]["id"])
    world.recordings[old] = recording_of(world.cases[index][1])


def test_a_vip_who_does_not_overtake(world):
    move_ring(world, "VIP, last to come", 8.0)
    found = world.mismatches()
    assert any("waits, first to come) was served before 5559001" in text for text in found)
    assert "no VIP overtook a caller who had come earlier" in found
    assert all("served before" in text or "overtook" in text for text in found)


def test_who_comes_first_is_served_first(world):
    move_ring(world, "waits, first to come", 6.0)
    found = world.mismatches()
    assert len(found) == 1
    assert "waits, second to come) was served before" in found[0]


def test_an_agent_with_nothing_to_do(world):
    what = "keeps sales busy, agent hangs up"
    taken = world.seen(what).offers[0]
    away = replace(taken, ended_at=taken.rang_at + 5.0, heard_caller=4.0)
    world.see(what, offers=(away,), ended_at=away.ended_at, heard_agents={away.agent: away.talk})
    found = [text for text in world.mismatches() if "had nothing to do" in text]
    assert any("waits, first to come) waited on while 1002" in text for text in found)


def test_the_plan_shows_what_it_should():
    assert len(CALLS) >= 24
    assert len({call.number for call in CALLS}) == len(CALLS)
    assert AT_ONCE == 8
    results = {call.result for call in CALLS}
    assert results == {"answered", "abandoned", "completed", "hung-up", "rejected"}
    assert {call.code for call in CALLS} == {200, 404, 403}
