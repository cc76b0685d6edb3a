"""Transfers out of queues (A3): to agents, to queues, through a menu and back; both talks are on record, one call."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.line import Line
from journeys.pbx import Pbx, path_of
from journeys.softphone import Softphone, registered
from rig import Call, wait_for
from rig.audio import TONES

FIRST, SECOND = "5001", "5002"
Phones = dict[str, Softphone]


@pytest.fixture(scope="session")
def desks(shared_pbx: Pbx) -> Iterator[Phones]:
    """Softphones 291 and 292, registered."""
    tones = dict(zip(("291", "292"), TONES[8:], strict=False))
    with registered(shared_pbx.run.party("tiers"), shared_pbx.node.address, tones) as found:
        yield found


@pytest.fixture
def phones(pbx: Pbx, desks: Phones) -> Iterator[Phones]:
    """Both agents at their phones, ready; logged out afterwards."""
    for phone in desks.values():
        phone.reset()
    for agent in (FIRST, SECOND):
        pbx.ask("acd.agent.login", agent=agent)
        pbx.wait_agent(agent, "ready")
    yield desks
    for phone in desks.values():
        phone.reset()
    for agent in (FIRST, SECOND):
        pbx.ask("acd.agent.logout", agent=agent)


def talk(pbx: Pbx, phones: Phones) -> tuple[str, Call, Line]:
    """A caller talks with the first agent: the caller's number and call, and the agent's line."""
    number = pbx.number()
    caller = pbx.call("5550590", number)
    line = phones["291"].wait_line().wait("up")
    line.wait_hears(caller.tone)
    pbx.wait_agent(FIRST, "talking")
    return number, caller, line


def logged(pbx: Pbx, call: str, *events: str) -> list[list[str]]:
    """What queue_log says of a call, from the queue on; waits for an event."""

    def look() -> list[list[str]]:
        rows = [one.split("|") for one in pbx.node.read_file("/var/log/jackfield/queue_log").splitlines()]
        own = [row[2:] for row in rows if row[1] == call]
        return own if {row[2] for row in own} >= set(events) else []

    return wait_for(look, 10, f"{events} of {call}", every=0.1)


def test_blind_to_another_queue(pbx: Pbx, phones: Phones) -> None:
    """291 sends a caller to 622: the second agent has them; the first wraps up, the second talks, then wraps up."""
    number, caller, line = talk(pbx, phones)
    call = pbx.live(number)[0]["id"]
    line.transfer("622")
    second = phones["292"].wait_line().wait("up")
    second.wait_hears(caller.tone)
    pbx.wait_agent(FIRST, "wrap-up")
    assert pbx.wait_agent(SECOND, "talking")["queue"] == "tier-two"
    caller.hang_up()
    pbx.wait_agent(SECOND, "wrap-up")
    rows = logged(pbx, call, "BLINDTRANSFER", "COMPLETECALLER")
    assert [row[:3] for row in rows] == [
        ["tier-one", "NONE", "ENTERQUEUE"],
        ["tier-one", FIRST, "CONNECT"],
        ["tier-one", FIRST, "BLINDTRANSFER"],
        ["tier-two", "NONE", "ENTERQUEUE"],
        ["tier-two", SECOND, "CONNECT"],
        ["tier-two", SECOND, "COMPLETECALLER"],
    ]
    assert rows[2][3:5] == ["622", "jf-transfer"]
    assert path_of(pbx.record(number)) == [("queue:tier-one", "transferred:291"), ("queue:tier-two", "hang-up")]


def test_asked_in_another_queue_first(pbx: Pbx, phones: Phones) -> None:
    """291 asks the second agent through their queue, the caller hears music; put through, the second talks on."""
    number, caller, line = talk(pbx, phones)
    call = pbx.live(number)[0]["id"]
    line.hold()
    asking = phones["291"].call("622").wait("up")
    second = phones["292"].wait_line().wait("up")
    second.wait_hears(phones["291"].tone)
    pbx.wait_agent(SECOND, "talking")
    assert pbx.agent(FIRST)["state"] == "talking"
    asked = next(c["id"] for c in pbx.ask("calls") if c["id"] != call)
    line.transfer_to(asking)
    second.wait_hears(caller.tone)
    pbx.wait_agent(FIRST, "wrap-up")
    assert pbx.agent(SECOND)["state"] == "talking" and pbx.agent(SECOND)["call"] == call
    wait_for(lambda: [c["id"] for c in pbx.ask("calls")] == [call], 5, "one call")
    assert pbx.agent(SECOND)["state"] == "talking"
    caller.hang_up()
    pbx.wait_agent(SECOND, "wrap-up")
    rows, other = logged(pbx, call, "ATTENDEDTRANSFER"), logged(pbx, asked, "COMPLETECALLER")
    assert [row[:3] for row in rows] == [
        ["tier-one", "NONE", "ENTERQUEUE"],
        ["tier-one", FIRST, "CONNECT"],
        ["tier-one", FIRST, "ATTENDEDTRANSFER"],
    ]
    assert [row[:3] for row in other] == [
        ["tier-two", "NONE", "ENTERQUEUE"],
        ["tier-two", SECOND, "CONNECT"],
        ["tier-two", SECOND, "COMPLETECALLER"],
    ]
    record = pbx.record(number)
    assert (record["agent"], record["queue"]) == (SECOND, "tier-two")
    legs = [(leg["role"], leg["agent"]) for leg in record["legs"]]
    assert legs == [("caller", ""), ("agent", FIRST), ("agent", SECOND)]


def test_by_keys_through_a_menu_and_back(pbx: Pbx, phones: Phones) -> None:
    """291 presses ##623; the caller types 4711 there, and is with 291 again, whose notes are over; 4711 is shown."""
    number, caller, line = talk(pbx, phones)
    line.press("##")
    pbx.node.wait_for(lambda: line.heard.find(pbx.prompt("feature-transfer"), 0.8), 10, "what to do now")
    line.press("623")
    pbx.wait_at(number, "ivr:verify")
    pbx.wait_agent(FIRST, "wrap-up")
    pbx.wait_hears(caller, "main-menu")
    caller.press("4711")
    again = phones["291"].wait_line(2).wait("up")
    again.wait_hears(caller.tone)
    pbx.wait_agent(FIRST, "talking")
    [shown] = [c for c in pbx.ask("acd.snapshot")["contacts"] if c["caller"] == number]
    assert shown["typed"] == {"verify": "4711"}
    caller.hang_up()
    assert path_of(pbx.record(number)) == [
        ("queue:tier-one", "transferred:291"),
        ("ivr:verify", "4711"),
        ("to-agent:back", f"sent back: {FIRST}"),
        ("queue:tier-one", "hang-up"),
    ]


def test_given_away_while_the_other_queue_still_waits(pbx: Pbx, phones: Phones) -> None:
    """Nobody is there for 622 yet when 291 puts the caller through: the caller waits there, and is served."""
    pbx.ask("acd.agent.pause", agent=SECOND)
    number, caller, line = talk(pbx, phones)
    line.hold()
    asking = phones["291"].call("622").wait("up")
    pbx.wait_waiting("tier-two", ["291"])
    asked = next(c["id"] for c in pbx.ask("calls") if c["from"] == "291")
    line.transfer_to(asking)
    pbx.wait_waiting("tier-two", [number])
    pbx.wait_agent(FIRST, "wrap-up")
    pbx.ask("acd.agent.ready", agent=SECOND)
    second = phones["292"].wait_line().wait("up")
    second.wait_hears(caller.tone)
    caller.hang_up()
    assert path_of(pbx.record(number)) == [("queue:tier-one", "transferred:291"), ("queue:tier-two", "hang-up")]
    rows = logged(pbx, asked, "WITHDRAW")
    assert [row[:3] for row in rows] == [["tier-two", "NONE", "ENTERQUEUE"], ["tier-two", "NONE", "WITHDRAW"]]


def test_to_an_agent_by_number(pbx: Pbx, phones: Phones) -> None:
    """291 sends a caller to *215002: the second agent, wherever logged in; then back, to one who is not there."""
    number, caller, line = talk(pbx, phones)
    line.transfer(f"*21{SECOND}")
    second = phones["292"].wait_line().wait("up")
    second.wait_hears(caller.tone)
    second.transfer("*217001")
    again = phones["292"].wait_line(2, 15).wait("up")
    again.wait_hears(caller.tone)
    caller.hang_up()
    steps = [d for d, _ in path_of(pbx.record(number))]
    assert steps == ["queue:tier-one", "to-agent:dialled", "queue:tier-two", "to-agent:dialled", "extension:292"]


def test_the_daemon_dies_in_a_blind_transfer(pbx: Pbx, phones: Phones) -> None:
    """kill -9 right after REFER: the second agent has the caller all the same; nobody is stuck afterwards."""
    number, caller, line = talk(pbx, phones)
    line.transfer("622")
    wait_back(pbx, kill_daemon(pbx))
    wait_for(lambda: any(one.state == "up" for one in phones["292"].lines), 30, "292 to have the caller")
    second = next(one for one in phones["292"].lines if one.state == "up")
    second.wait_hears(caller.tone)
    pbx.wait_agent(SECOND, "talking")
    assert pbx.agent(FIRST)["state"] in ("wrap-up", "ready")
    caller.hang_up()
    record = pbx.record(number)
    assert path_of(record)[-1][0] == "queue:tier-two" and record["result"] == "answered"
    assert {"291", "292"} <= {leg["number"] for leg in record["legs"]}
    pbx.node.wait_for(lambda: pbx.agent(SECOND)["state"] in ("wrap-up", "ready"), 10, "the second agent to be free")


def test_the_daemon_dies_while_an_agent_asks(pbx: Pbx, phones: Phones) -> None:
    """kill -9 in the question, put through while nobody looks: the talk goes on, and both agents wrap up in turn."""
    number, caller, line = talk(pbx, phones)
    line.hold()
    asking = phones["291"].call("622").wait("up")
    second = phones["292"].wait_line().wait("up")
    second.wait_hears(phones["291"].tone)
    pbx.wait_agent(SECOND, "talking")
    time.sleep(0.5)  # agents' states are gathered for 250 ms; what is younger may die with the daemon
    kill = kill_daemon(pbx)
    line.transfer_to(asking)
    wait_back(pbx, kill)
    second.wait_hears(caller.tone)
    pbx.wait_agent(FIRST, "wrap-up")
    assert pbx.agent(SECOND)["state"] == "talking"
    caller.hang_up()
    pbx.wait_agent(SECOND, "wrap-up")
    record = pbx.record(number)
    assert {"291", "292"} <= {leg["number"] for leg in record["legs"]}
