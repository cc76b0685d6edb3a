"""Middle numbers (T9): A and B reach each other through X, and neither sees the other's number, anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from journeys.faults import kill_daemon, wait_back, wait_both_ways
from journeys.pbx import Pbx, path_of
from rig import Call, Phone
from rig.dialog import Dialog

POOL = [f"555240{n}" for n in range(5)]


@pytest.fixture
def axb(pbx: Pbx) -> Iterator[Phone]:
    """Whoever is called over the trunk `axb`; afterwards nothing is bound."""
    far_end = pbx.far_end("axb")
    far_end.answer_after, far_end.refuse_with = 0.5, None
    yield far_end
    for one in pbx.ask("privacy.list"):
        pbx.ask("privacy.unbind", id=one["id"])


def bound(pbx: Pbx, x: str, seconds: float = 600, **more: Any) -> tuple[str, str]:
    """A new A and a new B, bound through X."""
    a, b = pbx.number(), pbx.number()
    pbx.ask("privacy.bind", a=a, b=b, x=x, lifetime=seconds, **more)
    return a, b


def rung_by(pbx: Pbx, axb: Phone, number: str, x: str, **more: Any) -> tuple[Call, Call]:
    """A call to X, and the call that the far side gets of it."""
    seen = len(axb.calls)
    call = pbx.call(x, number, **more)
    return call, axb.wait_call(seen + 1)


def never_mentions(dialog: Dialog, number: str) -> None:
    """No message to or from this side of a call has the other side's number in it, in whatever header."""
    assert dialog.messages
    for message in dialog.messages:
        assert number.encode() not in message.raw, message.raw.decode(errors="replace")


def test_both_ways_and_no_number_is_seen(pbx: Pbx, axb: Phone) -> None:
    """A calls X and talks with B, who sees X; B calls X and talks with A; no header on either side tells more."""
    x = POOL[0]
    a, b = pbx.number(), pbx.number()
    said = pbx.jackfield("privacy", "bind", a, b, "--x", x, "--for", "2h").stdout
    assert a not in said and b not in said and x in said
    telling = [
        f"P-Asserted-Identity: <sip:{a}@carrier.example>",
        f"Diversion: <sip:{a}@carrier.example>;reason=unconditional",
        f"Remote-Party-ID: <sip:{a}@carrier.example>;party=calling",
    ]
    for caller, called, options in ((a, b, {"headers": telling, "from_name": "Ann of A"}), (b, a, {})):
        call, rung = rung_by(pbx, axb, caller, x, **options)
        wait_both_ways(call, rung)
        shown = [c for c in pbx.ask("calls") if c["did"] == x]
        assert shown and all(caller not in json.dumps(c) and called not in json.dumps(c) for c in shown)
        call.hang_up()
        rung.wait_ended(10)
        invite = rung.dialog.invite
        assert invite is not None and f"sip:{called}@" in invite.start
        assert (rung.dialog.caller_number, rung.dialog.caller_name) == (x, "")
        never_mentions(rung.dialog, caller)
        assert b"Ann of A" not in b"".join(m.raw for m in rung.dialog.messages)
        never_mentions(call.dialog, called)
        record = pbx.record(caller)
        assert (record["result"], record["caller_number"]) == ("answered", caller), "records keep the real number"
        assert [step["destination"] for step in record["steps"]] == ["privacy:couriers"]
        hidden = pbx.node.run(["jackfield", "records", "--number", caller, "--json"]).stdout
        assert caller not in hidden.replace(record["id"], "") and called not in hidden and x in hidden
        assert caller not in pbx.jackfield("records", "--number", caller).stdout
        seen = pbx.jackfield("records", "--number", caller, "--json", "--unmask")
        assert seen[0]["caller_number"] == caller
    assert a not in pbx.jackfield("privacy", "list").stdout
    assert pbx.jackfield("privacy", "list", "--unmask", "--json")[0]["b"] == b
    assert a not in pbx.logs(200) and b not in pbx.logs(200), "the journal tells a number"


def test_one_middle_number_for_several_pairs_and_recorded(pbx: Pbx, axb: Phone) -> None:
    """Two pairs through one X at once; a party is bound through it but once; the one asked for is recorded."""
    x = POOL[1]
    (a, b), (c, d) = bound(pbx, x, record=True), bound(pbx, x)
    one, first = rung_by(pbx, axb, a, x)
    two, second = rung_by(pbx, axb, d, x)
    for call, rung, called in ((one, first, b), (two, second, c)):
        wait_both_ways(call, rung)
        assert rung.dialog.invite is not None and f"sip:{called}@" in rung.dialog.invite.start
        assert rung.dialog.caller_number == x
    refused = pbx.jackfield("privacy", "bind", a, pbx.number(), "--x", x, "--for", "1h", check=False)
    assert refused.returncode == 1 and f"A is bound through {x} already" in refused.stderr
    free = pbx.jackfield("privacy", "bind", a, b, "--pool", "couriers", "--for", "1h", "--json")
    assert free["x"] in POOL and free["x"] != x
    one.hang_up()
    two.hang_up()
    row, sides = pbx.recording_of(pbx.record(a))
    assert row["state"] == "ready" and [side.hears(t) for side, t in zip(sides, (one.tone, first.tone), strict=True)]
    assert pbx.recordings(pbx.record(d)) == []


def test_time_is_up_in_the_middle_of_a_talk(pbx: Pbx, axb: Phone) -> None:
    """The talk goes on; the next caller hears the pool's announcement, as one does whom nobody bound."""
    x = POOL[2]
    a, b = bound(pbx, x, seconds=4)
    call, rung = rung_by(pbx, axb, a, x)
    wait_both_ways(call, rung)
    pbx.node.wait_for(lambda: pbx.ask("privacy.list") == [], 10, "the binding's end")
    now = call.heard.end
    pbx.node.wait_for(lambda: call.heard.between(now, call.heard.end).hears(rung.tone, 1.0), 10, "the talk to go on")
    late, stranger = pbx.call(x, b), pbx.call(x, pbx.number())
    for unbound in (late, stranger):
        pbx.wait_hears(unbound, "not-bound")
    call.hang_up()
    assert pbx.record(a)["result"] == "answered"
    assert path_of(pbx.record(b)) == [("privacy:couriers", "not bound"), ("prompt:not-bound", "")]


def test_nobody_answers(pbx: Pbx, axb: Phone) -> None:
    """B is busy: A hears so, and no binding is lost by it."""
    x = POOL[3]
    a, _ = bound(pbx, x)
    axb.refuse_with = 486
    assert pbx.call(x, a).wait_ended(15).final_code == 486
    assert (pbx.record(a)["result"], len(pbx.ask("privacy.list"))) == ("unanswered", 1)


def test_bindings_and_talks_outlive_the_daemon(pbx: Pbx, axb: Phone) -> None:
    """`kill -9` in a talk and while it rings: both go on; the next daemon has the bindings, and ends them in time."""
    x = POOL[4]
    a, b = bound(pbx, x)
    c, _ = bound(pbx, x, seconds=12)
    call, rung = rung_by(pbx, axb, a, x)
    wait_both_ways(call, rung)
    axb.answer_after = None
    ringing, phone = rung_by(pbx, axb, c, x)
    phone.wait_ringing()
    wait_back(pbx, kill_daemon(pbx))
    axb.answer(phone)
    wait_both_ways(ringing, phone)
    now = call.heard.end
    pbx.node.wait_for(lambda: call.heard.between(now, call.heard.end).hears(rung.tone, 1.0), 10, "the talk to go on")
    call.hang_up()
    ringing.hang_up()
    assert [pbx.record(n)["result"] for n in (a, c)] == ["answered", "answered"]
    axb.answer_after = 0.5
    back, answered = rung_by(pbx, axb, b, x)
    wait_both_ways(back, answered)
    back.hang_up()
    pbx.node.wait_for(lambda: len(pbx.ask("privacy.list")) == 1, 30, "the end of the shorter binding")


def through_routes(pbx: Pbx, x: str, prefix: str = "55531") -> tuple[str, str]:
    """A new A, and a new B whom the outbound routes reach, bound through X of the pool without a trunk."""
    a, b = pbx.number(), pbx.number(prefix)
    pbx.ask("privacy.bind", a=a, b=b, x=x, lifetime=600)
    return a, b


@pytest.mark.parametrize("moment", ["at once", "after a kill"])
def test_the_next_trunk_reaches_the_other_party(pbx: Pbx, axb: Phone, moment: str) -> None:
    """The routes' first trunk fails, after a kill -9 of the daemon too: the second one reaches B, who sees X only."""
    x = "5552410"
    a, b = through_routes(pbx, x)
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    seen, tried = len(second.calls), len(first.calls)
    if moment == "at once":
        first.refuse_with = 503
        call = pbx.call(x, a)
    else:
        first.answer_after = None
        call = pbx.call(x, a)
        trying = first.wait_call(tried + 1)
        trying.wait_ringing()
        wait_back(pbx, kill_daemon(pbx))
        first.refuse(503, trying)
    rung = second.wait_call(seen + 1)
    wait_both_ways(call, rung)
    assert (rung.dialog.called_number, rung.dialog.caller_number) == (b, x)
    never_mentions(rung.dialog, a)
    call.hang_up()
    record = pbx.record(a)
    assert (record["result"], record["trunks_tried"]) == ("answered", "out-a:503 out-b:answer")
    assert path_of(record) == [("privacy:riders", "hang-up")]
    assert a not in pbx.logs(100) and b not in pbx.logs(100), "the journal tells a number"


def test_what_the_pool_may_not_call(pbx: Pbx, axb: Phone) -> None:
    """B's number is a premium one, which the pool may not call: A hears so, no carrier hears anything."""
    a, _ = through_routes(pbx, "5552411", "55539")
    far = pbx.far_end("out-a")
    seen = len(far.calls)
    call = pbx.call("5552411", a)
    pbx.wait_hears(call, "call-not-allowed")
    assert len(far.calls) == seen
    record = pbx.record(a)
    assert (record["result"], path_of(record)) == ("rejected", [("privacy:riders", "not-allowed")])


def test_the_other_party_is_busy_on_the_routes(pbx: Pbx, axb: Phone) -> None:
    """B is busy: no other trunk is tried, A's carrier hears 486, and the binding stays."""
    a, _ = through_routes(pbx, "5552412")
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    first.refuse_with, seen = 486, len(second.calls)
    assert pbx.call("5552412", a).wait_ended(15).final_code == 486
    assert len(second.calls) == seen and len(pbx.ask("privacy.list")) == 1
    assert pbx.record(a)["trunks_tried"] == "out-a:486"
