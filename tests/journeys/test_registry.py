"""The live registry and the call records (T6): exact while calls are up, and after many at once."""

from __future__ import annotations

import time

import pytest
from journeys.pbx import Pbx, Record, moment, path_of, together
from rig import Call, cancel


def counts(pbx: Pbx) -> tuple[int, int]:
    """Live calls and channels, as `jackfield status` says."""
    status = pbx.ask("status")
    return status["calls"], status["channels"]


def test_live_calls(pbx: Pbx) -> None:
    """One talks, one waits, one is in a menu, two phones talk: all are listed, where they are; then none is."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    talker, waiter, chooser = pbx.number(), pbx.number(), pbx.number()
    talk = pbx.call("5550500", talker, from_name="王小明")
    ann.wait_call(seen + 1).wait_answered()
    waiting = pbx.call("5550500", waiter)
    pbx.wait_waiting("basic", [waiter])
    inside, seen_bob = pbx.phone("203"), len(pbx.phone("202").calls)
    internal = inside.call("202")
    pbx.phone("202").wait_call(seen_bob + 1).wait_answered()
    menu = pbx.call("5550100", chooser)
    menu.wait_answered()
    pbx.wait_at(chooser, "ivr:main")
    pbx.node.wait_for(lambda: counts(pbx) == (4, 6), 5, f"4 calls on 6 channels; there are {counts(pbx)}")
    status = pbx.jackfield("status", "--json")
    assert (status["calls"], status["channels"], status["asterisk"]["connected"]) == (4, 6, True)
    listed = {c["from"]: c for c in pbx.jackfield("calls", "--json")}
    assert {n: (c["at"], c["talking"], c["did"]) for n, c in listed.items()} == {
        talker: ("queue:basic", True, "5550500"),
        waiter: ("queue:basic", False, "5550500"),
        chooser: ("ivr:main", False, "5550100"),
        "203": ("extension:202", True, "202"),
    }
    assert (listed[talker]["name"], listed[talker]["trunk"], listed["203"]["extension"]) == ("王小明", "carrier", "203")
    assert "6 active channels" in pbx.node.asterisk("core show channels count")
    agents = {a["name"]: (a["state"], a["phone"], a["queue"]) for a in pbx.jackfield("agents", "--json")}
    assert (agents["1001"], agents["1002"]) == (("talking", "201", "basic"), ("logged-out", None, None))
    queues = {q["name"]: [w["caller"] for w in q["waiting"]] for q in pbx.jackfield("queues", "--json")}
    assert queues.pop("basic") == [waiter] and not any(queues.values())
    for call in (talk, waiting, internal, menu):
        call.hang_up()
    pbx.node.wait_for(lambda: counts(pbx) == (0, 0), 10, "no call and no channel")
    assert pbx.jackfield("calls", "--json") == []


def test_records_by_the_command(pbx: Pbx) -> None:
    """`jackfield records` tells what the carrier knows of a call: one row a call, one a leg, the path with times."""
    pbx.staff("201")
    ann, number = pbx.phone("201"), pbx.number()
    ann.answer_after, seen = 1.0, len(ann.calls)
    clock = time.time() - time.monotonic()
    call = pbx.call("5550100", number, from_name="Ann Ode")
    pbx.wait_hears(call, "main-menu")
    call.press("1")
    talk = ann.wait_call(seen + 1)
    talk.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone, 1.0), 10, "some talk")
    call.hang_up()
    mine, hers = call.wait_ended(5), talk.wait_ended(5)
    pbx.record(number)
    [record] = pbx.jackfield("records", "--number", number, "--json")
    for field, at in (("started_at", mine.invite_at), ("answered_at", hers.answered_at), ("ended_at", mine.bye_at)):
        assert moment(record[field]) == pytest.approx(clock + at, abs=0.4), field
    menu, queue = record["steps"]
    assert path_of(record) == [("ivr:main", "1"), ("queue:basic", "hang-up")]
    assert moment(menu["left_at"]) == pytest.approx(moment(queue["entered_at"]), abs=0.1)
    assert moment(queue["left_at"]) == pytest.approx(clock + mine.bye_at, abs=0.4)
    assert record["talk_seconds"] == pytest.approx(hers.ended_at - hers.answered_at, abs=0.4)
    assert record["wait_seconds"] == pytest.approx(
        moment(record["answered_at"]) - moment(queue["entered_at"]), abs=0.05
    )
    caller, agent = record["legs"]
    assert (caller["role"], caller["number"], caller["id"]) == ("caller", number, record["id"])
    assert (agent["role"], agent["number"], agent["agent"], agent["cause"]) == ("agent", "201", "1001", 16)
    assert moment(agent["started_at"]) == pytest.approx(clock + hers.invite_at, abs=0.4)
    assert moment(agent["ended_at"]) == pytest.approx(clock + hers.ended_at, abs=0.4)
    table = pbx.jackfield("records", "--number", number).stdout
    assert number in table and "ivr:main > queue:basic" in table and "answered" in table


def test_twenty_at_once(pbx: Pbx) -> None:
    """Twenty callers of every sort at the same time; then a record for each, exact, and nothing left over."""
    pbx.staff("201", "202", "203", "204")
    for phone in pbx.phones.values():
        phone.answer_after, phone.hang_up_after = 0.5, 1.0
    clock = time.time() - time.monotonic()
    sorts = {
        "served": ("5550500", None),
        "prompt": ("5550242", None),
        "unknown": ("5559999", None),
        "menu": ("5550100", None),
        "given up": ("5550402", [cancel(0.3, of="ringing")]),
    }
    placed = [(sort, pbx.number()) for sort in sorts for _ in range(4)]
    pbx.phone("202").answer_after = 0.8

    def place(sort: str, number: str) -> Call:
        did, plan = sorts[sort]
        return pbx.call(did, number, plan=plan)

    calls = together(*(lambda s=s, n=n: place(s, n) for s, n in placed))
    for (sort, _), call in zip(placed, calls, strict=True):
        if sort == "menu":
            call.wait_answered(30)
            call.hang_up()
    endings = [call.wait_ended(90) for call in calls]
    pbx.node.wait_for(lambda: counts(pbx) == (0, 0), 15, "no call and no channel")
    wanted = {"prompt": "completed", "unknown": "rejected", "menu": "hung-up", "given up": "abandoned"}
    for (sort, number), call, ending in zip(placed, calls, endings, strict=True):
        record = pbx.record(number)
        assert record["did"] == sorts[sort][0]
        assert moment(record["started_at"]) == pytest.approx(clock + ending.invite_at, abs=1.5)
        assert moment(record["ended_at"]) == pytest.approx(clock + ending.ended_at, abs=1.5)
        assert all(leg["ended_at"] for leg in record["legs"]) and record["legs"][0]["role"] == "caller"
        assert all(step["left_at"] for step in record["steps"])
        if sort == "served":
            check_served(pbx, number, record, call)
        else:
            assert record["result"] == wanted[sort], (sort, record)
            assert record["talk_seconds"] == 0
    assert pbx.ask("status")["records_lost"] == 0


def check_served(pbx: Pbx, number: str, record: Record, call: Call) -> None:
    """A served caller's record against what the agent's phone and the carrier saw."""
    talks = [c for phone in pbx.phones.values() for c in phone.calls if c.dialog.caller_number == number]
    talk = next(c.dialog for c in talks if c.dialog.answered_at)
    assert (record["result"], record["queue"]) == ("answered", "basic")
    assert record["talk_seconds"] == pytest.approx(talk.ended_at - talk.answered_at, abs=0.6)
    assert len(record["legs"]) == 1 + len(talks)
    phone = next(p for p in pbx.phones.values() if any(c.dialog is talk for c in p.calls))
    assert record["agent"] == f"10{phone.user[1:]}" and call.heard.hears(phone.tone)
