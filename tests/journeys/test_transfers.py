"""Transfers (T6): blind and attended, by either side, one record a call; the caller is never lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.pbx import Pbx, Record, path_of
from journeys.softphone import Softphone
from rig import wait_for
from rig.audio import TONES

USERS = ("241", "242", "243", "244")
Phones = dict[str, Softphone]


@pytest.fixture(scope="session")
def softphones(shared_pbx: Pbx) -> Iterator[Phones]:
    """Softphones 241 to 244, registered."""
    party = shared_pbx.run.party("soft")
    tones = TONES[-len(USERS) :]
    found = {
        user: Softphone(party, shared_pbx.node.address, user, f"secret-{user}-abc", tone)
        for user, tone in zip(USERS, tones, strict=True)
    }
    for phone in found.values():
        phone.register()
    yield found
    for phone in found.values():
        phone.close()


@pytest.fixture
def phones(softphones: Phones, pbx: Pbx) -> Phones:
    """The softphones, all idle; they answer soon."""
    for phone in softphones.values():
        phone.reset()
    return softphones


def legs_of(record: Record) -> list[tuple[str, str]]:
    """A record's legs: (role, number), in order."""
    return [(leg["role"], leg["number"]) for leg in record["legs"]]


def latest(pbx: Pbx, user: str, count: int) -> list[Record]:
    """The last records of a phone's calls, oldest first, all of them final."""
    pbx.node.wait_for(lambda: not pbx.live(user), 10, f"the end of {user}'s calls")

    def final() -> list[Record]:
        rows = pbx._read(number=user)[:count]
        return rows if all(row["ended_at"] for row in rows) else []

    found = wait_for(final, 5, "final records")
    return list(reversed(found))


def test_blind_transfer_by_the_called(pbx: Pbx, phones: Phones) -> None:
    """A carrier's caller reaches 241, who sends them to 243: they hear each other; one call, one record."""
    number = pbx.number()
    caller = pbx.call("5550421", number)
    first = phones["241"].wait_line().wait("up")
    first.wait_hears(caller.tone)
    first.transfer("243")
    second = phones["243"].wait_line().wait("up")
    second.wait_hears(caller.tone)
    assert first.refer_code == 202 and second.caller == number
    assert [c["at"] for c in pbx.live(number)] == ["extension:243"]
    caller.hang_up()
    second.wait("ended")
    record = pbx.record(number)
    assert path_of(record) == [("extension:241", "transferred:241"), ("extension:243", "hang-up")]
    assert legs_of(record) == [("caller", number), ("phone", "241"), ("phone", "243")]
    assert (record["result"], record["did"], record["trunk"]) == ("answered", "5550421", "carrier")
    assert all(leg["ended_at"] for leg in record["legs"])


def test_blind_transfer_by_the_caller(pbx: Pbx, phones: Phones) -> None:
    """241 calls 242, then sends 242 to 243: the call goes on without 241, on the record it has."""
    mine = phones["241"].call("242")
    theirs = phones["242"].wait_line().wait("up")
    theirs.wait_hears(mine.tone)
    mine.transfer("243")
    third = phones["243"].wait_line().wait("up")
    third.wait_hears(theirs.tone)
    mine.wait("ended")
    assert third.caller == "242"
    assert [(c["from"], c["at"]) for c in pbx.ask("calls")] == [("241", "extension:243")]
    third.hang_up()
    theirs.wait("ended")
    pbx.node.wait_for(lambda: not pbx.ask("calls"), 5, "no call")
    [record] = latest(pbx, "241", 1)
    assert path_of(record) == [("extension:242", "transferred:241"), ("extension:243", "")]
    assert legs_of(record) == [("caller", "241"), ("phone", "242"), ("phone", "243")]


@pytest.mark.parametrize(("target", "outcome"), [("242", "no-answer"), ("244", "busy"), ("229", "unallocated")])
def test_a_transfer_in_vain_comes_back(pbx: Pbx, phones: Phones, target: str, outcome: str) -> None:
    """Nobody answers, the phone is busy, there is no such number: the caller is with 241 again."""
    number = pbx.number()
    phones["242"].answer_after, phones["244"].refuse_with = None, "486 Busy Here"
    caller = pbx.call("5550421", number)
    first = phones["241"].wait_line().wait("up")
    first.wait_hears(caller.tone)
    first.transfer(target)
    again = phones["241"].wait_line(2, 15).wait("up")
    again.wait_hears(caller.tone)
    assert again.caller == number and first.state == "ended"
    caller.hang_up()
    again.wait("ended")
    path = path_of(pbx.record(number))
    assert [d for d, _ in path][-1] == "extension:241" and path[-2][1] == outcome
    assert path[0] == ("extension:241", "transferred:241")


def test_nobody_wants_a_transferred_caller(pbx: Pbx, phones: Phones) -> None:
    """242, reached by a route with a fallback, sends a caller to 244, who is busy, and is busy itself: the fallback."""
    number = pbx.number()
    phones["244"].refuse_with = "486 Busy Here"
    caller = pbx.call("5550422", number)
    first = phones["242"].wait_line().wait("up")
    first.wait_hears(caller.tone)
    phones["242"].refuse_with = "486 Busy Here"
    first.transfer("244")
    pbx.wait_hears(caller, "fallback-here")
    caller.wait_ended(10)
    assert path_of(pbx.record(number))[-3:] == [
        ("extension:244", "busy"),
        ("extension:242", "busy"),
        ("prompt:fallback-here", ""),
    ]


@pytest.fixture
def agent(pbx: Pbx, phones: Phones) -> Iterator[Softphone]:
    """Agent 1001, logged in at the softphone 241 until the test is over."""
    phone = phones["241"]
    phone.call("*111001").wait("up").wait_ended()
    assert pbx.agent("1001")["phone"] == phone.user
    phone.reset()
    yield phone
    phone.reset()
    phone.call("*12").wait("up").wait_ended()


def test_an_agent_transfers(pbx: Pbx, phones: Phones, agent: Softphone) -> None:
    """An agent sends a caller out of a queue to 243, and is free at once: the next caller is theirs."""
    number, after = pbx.number(), pbx.number()
    caller = pbx.call("5550500", number)
    first = agent.wait_line().wait("up")
    first.wait_hears(caller.tone)
    first.transfer("243")
    phones["243"].wait_line().wait("up").wait_hears(caller.tone)
    pbx.wait_agent("1001", "ready")
    following = pbx.call("5550500", after)
    agent.wait_line(2).wait("up").wait_hears(following.tone)
    assert [c["at"] for c in pbx.live(number)] == ["extension:243"]
    caller.hang_up(), following.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("queue:basic", "transferred:241"), ("extension:243", "hang-up")]
    assert legs_of(record) == [("caller", number), ("agent", "241"), ("phone", "243")]
    assert (record["queue"], record["agent"]) == ("basic", "1001")
    assert path_of(pbx.record(after)) == [("queue:basic", "hang-up")]


def test_an_agent_asks_first(pbx: Pbx, phones: Phones, agent: Softphone) -> None:
    """Attended transfer out of a queue: the agent is free while the caller still talks to 243."""
    number = pbx.number()
    caller = pbx.call("5550500", number)
    first = agent.wait_line().wait("up")
    first.wait_hears(caller.tone)
    first.hold()
    asking = agent.call("243").wait("up")
    first.transfer_to(asking)
    asking.wait_ended()
    pbx.wait_agent("1001", "ready")
    phones["243"].wait_line().wait_hears(caller.tone)
    assert [c["at"] for c in pbx.live(number)] == ["queue:basic"]
    caller.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("queue:basic", "transferred:241")]
    assert legs_of(record) == [("caller", number), ("agent", "241"), ("phone", "243")]


def test_transfer_while_the_other_phone_rings(pbx: Pbx, phones: Phones) -> None:
    """241 asks 243, who does not answer yet, and gives the caller away at once: 243 rings on for the caller."""
    number = pbx.number()
    phones["243"].answer_after = None
    caller = pbx.call("5550421", number)
    first = phones["241"].wait_line().wait("up")
    first.wait_hears(caller.tone)
    first.hold()
    asking = phones["241"].call("243")
    phones["243"].wait_line().wait("ringing")
    first.transfer_to(asking)
    ringing = phones["243"].wait_line(2).wait("ringing")
    ringing.answer()
    ringing.wait_hears(caller.tone)
    assert ringing.caller == number
    caller.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("extension:241", "transferred:241"), ("extension:243", "hang-up")]
    assert legs_of(record) == [("caller", number), ("phone", "241"), ("phone", "243")]


@pytest.mark.parametrize("moment", ["before", "in", "after"])
def test_the_daemon_dies_in_a_transfer(pbx: Pbx, phones: Phones, moment: str) -> None:
    """kill -9 right before REFER, right after it, or while the target rings: the caller gets there all the same."""
    number = pbx.number()
    phones["243"].answer_after = 1.0
    caller = pbx.call("5550421", number)
    first = phones["241"].wait_line().wait("up")
    first.wait_hears(caller.tone)
    if moment == "before":
        kill = kill_daemon(pbx)
        first.transfer("243")
    else:
        first.transfer("243")
        if moment == "after":
            phones["243"].wait_line().wait("ringing")
        kill = kill_daemon(pbx)
    wait_back(pbx, kill)
    wait_for(lambda: any(line.state == "up" for line in phones["243"].lines), 20, "243 to have the caller")
    second = next(line for line in phones["243"].lines if line.state == "up")
    second.wait_hears(caller.tone)
    assert [c["at"] for c in pbx.live(number)] == ["extension:243"]
    caller.hang_up()
    record = pbx.record(number)
    assert [d for d, _ in path_of(record)][-1] == "extension:243" and record["result"] == "answered"
    assert ("phone", "243") in legs_of(record) and ("phone", "241") in legs_of(record)


def test_the_daemon_dies_while_nobody_leads(pbx: Pbx, phones: Phones) -> None:
    """241 has joined 242 and 243 and is gone; after a kill -9 the daemon knows that call, and ends its record."""
    one = phones["241"].call("242").wait("up")
    far = phones["242"].wait_line().wait("up")
    two = phones["241"].call("243").wait("up")
    other = phones["243"].wait_line().wait("up")
    one.transfer_to(two)
    far.wait_hears(other.tone)
    pbx.node.wait_for(lambda: len(pbx.ask("calls")) == 1, 5, "one call")
    wait_back(pbx, kill_daemon(pbx))
    status = pbx.ask("status")
    assert (status["calls"], status["channels"]) == (1, 2)
    far.hang_up()
    pbx.node.wait_for(lambda: not pbx.ask("calls"), 5, "no call")
    first, second = latest(pbx, "241", 2)
    assert legs_of(first) == [("caller", "241"), ("phone", "242"), ("phone", "243")]
    assert all(leg["ended_at"] for leg in first["legs"]) and first["ended_at"] > second["ended_at"]


def test_attended_transfer(pbx: Pbx, phones: Phones) -> None:
    """241 asks 243 before giving them the caller: both calls are on record, and the caller's has 243 as a leg."""
    number = pbx.number()
    caller = pbx.call("5550421", number)
    first = phones["241"].wait_line().wait("up")
    first.wait_hears(caller.tone)
    first.hold()
    asking = phones["241"].call("243").wait("up")
    asked = phones["243"].wait_line().wait("up")
    asked.wait_hears(asking.tone)
    first.transfer_to(asking)
    asking.wait_ended()
    first.wait_ended()
    asked.wait_hears(caller.tone)
    pbx.node.wait_for(lambda: [c["from"] for c in pbx.ask("calls")] == [number], 5, "one call")
    caller.hang_up()
    asked.wait("ended")
    record = pbx.record(number)
    assert path_of(record) == [("extension:241", "transferred:241")]
    assert legs_of(record) == [("caller", number), ("phone", "241"), ("phone", "243")]
    [consultation] = latest(pbx, "241", 1)
    assert legs_of(consultation) == [("caller", "241"), ("phone", "243")]
    assert consultation["ended_at"] < record["ended_at"]
    joined = record["legs"][2]
    assert joined["started_at"] >= record["legs"][1]["answered_at"] and joined["ended_at"]


def test_attended_transfer_between_phones(pbx: Pbx, phones: Phones) -> None:
    """241 has called both 242 and 243, and joins them: nobody's dialplan runs any more, the record goes on."""
    one = phones["241"].call("242").wait("up")
    far = phones["242"].wait_line().wait("up")
    one.hold()
    two = phones["241"].call("243").wait("up")
    other = phones["243"].wait_line().wait("up")
    one.transfer_to(two)
    one.wait("ended"), two.wait("ended")
    far.wait_hears(other.tone)
    pbx.node.wait_for(lambda: len(pbx.ask("calls")) == 1, 5, "one call")
    status = pbx.ask("status")
    assert (status["calls"], status["channels"]) == (1, 2)
    far.hang_up()
    other.wait("ended")
    pbx.node.wait_for(lambda: not pbx.ask("calls"), 5, "no call")
    first, second = latest(pbx, "241", 2)
    assert legs_of(first) == [("caller", "241"), ("phone", "242"), ("phone", "243")]
    assert first["ended_at"] > second["ended_at"]
