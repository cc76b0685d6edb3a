"""The file queue_log: in the same situations it says what Asterisk's own queue says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from journeys.pbx import CURRENT, Pbx
from rig import wait_for

OURS, THEIRS = "/var/log/jackfield/queue_log", "/var/log/asterisk/queue_log"
QUEUE, AGENT, PHONE = "impatient", "1001", "201"
"""Of the site: ring_seconds is 3."""
Lines = list[tuple[str, ...]]


@pytest.fixture
def asterisks_own(pbx: Pbx) -> Iterator[None]:
    """Asterisk writes its file, and has a dialplan that leads into its own queue; both are gone afterwards."""
    conf = f"{CURRENT}/logger.conf"
    text = pbx.node.read_file(conf)
    pbx.node.write_file(conf, text.replace("queue_log = no", "queue_log = yes"), owner="jackfield:asterisk")
    for command in ("logger reload", f"dialplan add extension wait,1,Queue,{QUEUE} into journey-queue"):
        pbx.node.asterisk(command)
    try:
        yield
    finally:
        pbx.node.write_file(conf, text, owner="jackfield:asterisk")
        for command in (
            f"queue remove member PJSIP/{PHONE} from {QUEUE}",
            "dialplan remove context journey-queue",
            "logger reload",
        ):
            pbx.node.asterisk(command)


def lines(pbx: Pbx, path: str) -> Lines:
    """Event and data of what a file says of the queue, without names that differ."""
    rows = [line.split("|") for line in pbx.node.read_file(path).splitlines()]
    return [(row[1], *row[4:]) for row in rows if row[2] == QUEUE]


def ours(pbx: Pbx) -> Lines:
    """Four calls through the daemon: hung up by the caller, by the agent, while it rings, after it rang in vain."""
    already = len(lines(pbx, OURS)) if pbx.node.path(OURS).exists() else 0

    def call() -> Callable[[], None]:
        made = pbx.call("5550503", pbx.number())
        return made.hang_up

    pbx.login(PHONE)
    _situations(pbx, call, lambda: pbx.agent(AGENT)["state"] == "ready")
    return wait_for(lambda: _whole(lines(pbx, OURS)[already:]), 15, "our lines")


def theirs(pbx: Pbx) -> Lines:
    """The same through Asterisk's own queue."""
    pbx.node.asterisk(f"queue add member PJSIP/{PHONE} to {QUEUE} penalty 0 as {AGENT}")

    def call() -> Callable[[], None]:
        pbx.node.asterisk("channel originate Local/wait@journey-queue application Wait 60")
        return lambda: _hang_up_callers(pbx)

    _situations(pbx, call, lambda: "(Not in use)" in pbx.node.asterisk(f"queue show {QUEUE}"))
    return wait_for(lambda: _whole(lines(pbx, THEIRS)), 15, "Asterisk's lines")


def _hang_up_callers(pbx: Pbx) -> None:
    for line in pbx.node.asterisk("core show channels concise").splitlines():
        if line.startswith("Local/") and ";1!" in line:
            pbx.node.asterisk(f"channel request hangup {line.split('!')[0]}")


def _whole(found: Lines) -> Lines | None:
    """When the last call has its end."""
    events = [event for _, event, *_ in found]
    return found if events.count("ENTERQUEUE") == 4 and events.count("ABANDON") == 2 else None


def _situations(pbx: Pbx, call: Callable[[], Callable[[], None]], ready: Callable[[], bool]) -> None:
    phone = pbx.phone(PHONE)
    for by_caller in (True, False):
        phone.answer_after, phone.hang_up_after = 0.3, None if by_caller else 1.0
        seen = len(phone.calls)
        hang_up = call()
        rung = phone.wait_call(seen + 1, timeout=15)
        rung.wait_answered()
        if by_caller:
            hang_up()
        rung.wait_ended(10)
        wait_for(ready, 10, "the agent to be free", every=0.3)
        if not by_caller:
            hang_up()
    phone.answer_after, phone.hang_up_after = None, None
    for rings in (1, 2):  # once while it rings, once after it has rung in vain
        seen = len(phone.calls)
        hang_up = call()
        phone.wait_call(seen + rings, timeout=20).wait_ringing()
        hang_up()
        wait_for(ready, 10, "the agent to be free", every=0.3)


def shape(line: tuple[str, ...]) -> str:
    """The form of a line: numbers as 9, names of channels and ids as id."""
    return "|".join("id" if re.fullmatch(r"[\w-]*\d+\.\d+", f) else re.sub(r"\d+", "9", f) for f in line[1:])


def by_call(found: Lines) -> list[list[str]]:
    """The forms of each call's lines, calls in order; the caller's number is there or not."""
    calls: dict[str, list[str]] = {}
    for line in found:
        if line[0] != "NONE":
            calls.setdefault(line[0], []).append(re.sub(r"ENTERQUEUE\|\|\d*\|", "ENTERQUEUE||number|", shape(line)))
    return list(calls.values())


def test_the_same_as_asterisks_own(pbx: Pbx, asterisks_own: None) -> None:
    """Event by event and field by field; and the agent's log-in is there."""
    own = by_call(ours(pbx))
    pbx.everyone_out()
    assert own == by_call(theirs(pbx))
    assert [each[-1].split("|")[0] for each in own] == ["COMPLETECALLER", "COMPLETEAGENT", "ABANDON", "ABANDON"]
    tail = [line.split("|")[3:] for line in pbx.node.read_file(OURS).splitlines()]
    assert [AGENT, "AGENTLOGIN", f"PJSIP/{PHONE}"] in tail
    assert any(row[:2] == [AGENT, "AGENTLOGOFF"] and row[3].isdigit() for row in tail)
