"""The file `queue_log`, beside the one that Asterisk's own queue writes in the same situations.

There is no parser of that file to install from PyPI or Debian, so Asterisk's own file is the judge of the form, and
what `queue show` says of that queue is the judge of the service level.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from journeys.line import Line
from journeys.pbx import CURRENT, Pbx
from journeys.softphone import Softphone
from rig import Call, wait_for

OURS, THEIRS = "/var/log/jackfield/queue_log", "/var/log/asterisk/queue_log"
QUEUE, PEER, AGENT, DID = "logged", "logged-plain", "4001", "5550580"
PHONE, ASKED, CALLER = "251", "252", "253"
TARGET = 2
"""The queue's service level, in seconds."""
REASON = "lunch"
ADDED = {
    "agents.conf": f"[{AGENT}]\n",
    "queues.conf": f"""
[{PEER}]
strategy = leastrecent
timeout = 3
retry = 1
wrapuptime = 0
ringinuse = no
joinempty = yes
leavewhenempty = no
servicelevel = {TARGET}
context = journey-log-keys
""",
    "extensions.conf": f"""
[journey-log]
exten => s,1,Queue({PEER},,,,9)
 same => n,Hangup()
exten => pause,1,PauseQueueMember(,PJSIP/{PHONE},,{REASON})
exten => ready,1,UnpauseQueueMember(,PJSIP/{PHONE},,{REASON})

[journey-log-keys]
exten => 3,1,Wait(3)
""",
}
"""File of Asterisk → what is put at its end meanwhile; its queue is told the same as ours."""
LOGGER, OFF, ON = "logger.conf", "queue_log = no", "queue_log = yes"
MODULES = ("app_agent_pool.so", "res_clioriginate.so")
RELOADS = ("logger reload", "dialplan reload", "queue reload all")
FIELDS = {
    "ENTERQUEUE": ("url", "number", "=position"),
    "CONNECT": ("s:hold", "channel", "s:ring"),
    "COMPLETEAGENT": ("s:hold", "s:talk", "=first"),
    "COMPLETECALLER": ("s:hold", "s:talk", "=first"),
    "BLINDTRANSFER": ("=to", "=context", "s:hold", "s:talk", "=first"),
    "ATTENDEDTRANSFER": ("=method", "where", "s:hold", "s:talk", "=first"),
    "ABANDON": ("=position", "=first", "s:wait"),
    "EXITWITHTIMEOUT": ("=position", "=first", "s:wait"),
    "EXITWITHKEY": ("=key", "=position", "=first", "s:wait"),
    "RINGNOANSWER": ("ms:ring",),
    "RINGCANCELED": ("ms:ring",),
    "PAUSE": ("=reason",),
    "UNPAUSE": ("=reason",),
    "PAUSEALL": ("=reason",),
    "UNPAUSEALL": ("=reason",),
    "AGENTLOGIN": ("channel",),
    "AGENTLOGOFF": ("channel", "s:there"),
}
"""Data of each event, as Asterisk's documentation names them; `=`: the same on both sides; s, ms: a time."""
OF_AGENTS = ("AGENTLOGIN", "AGENTLOGOFF", "PAUSE", "PAUSEALL", "UNPAUSE", "UNPAUSEALL")


class Row(NamedTuple):
    """A line of a file."""

    at: int
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> Row:
        """As programs that read such files take them: split at each bar."""
        at, call, queue, agent, event, *data = line.split("|")
        return cls(int(at), call, queue, agent, event, tuple(data))

    def seconds(self, name: str) -> int:
        """A time among the data."""
        return int(self.data[[field.split(":")[-1] for field in FIELDS[self.event]].index(name)])

    def shape(self) -> tuple[str, ...]:
        """What must be the same on both sides; times are only told by their unit."""
        fields = FIELDS[self.event]
        assert len(self.data) == len(fields), f"{self} has not {fields}"
        assert self.event != "RINGNOANSWER" or int(self.data[0]) > 1000, f"{self} is not in milliseconds"
        agent = AGENT if self.agent == f"PJSIP/{PHONE}" else self.agent
        return (self.event, agent, *map(_told, fields, self.data))


def _told(field: str, value: str) -> str:
    if field.startswith("="):
        return value
    unit = field.partition(":")[0] if ":" in field else ""
    if unit:
        assert value.isdigit(), f"{field} is {value!r}"
    assert not (unit == "s" and int(value) > 100), f"{field} is {value}"
    return unit or field


class Desk(ABC):
    """A queue with one agent at the phone 251, whoever runs it."""

    file: str
    queue: str

    def __init__(self, pbx: Pbx, phones: dict[str, Softphone]) -> None:
        """Nothing that is in the file already counts."""
        self.pbx, self.phones, self.agent = pbx, phones, phones[PHONE]
        self._before = len(self._lines())

    def _lines(self) -> list[str]:
        path = self.pbx.node.path(self.file)
        return path.read_text().splitlines() if path.exists() else []

    def rows(self) -> list[Row]:
        """What the file says since then of this queue, and of the agent at large."""
        found = [Row.of(line) for line in self._lines()[self._before :]]
        about = (AGENT, f"PJSIP/{PHONE}")
        return [row for row in found if row.queue == self.queue or (row.queue == "NONE" and row.agent in about)]

    def count(self, event: str) -> int:
        """How often something was told."""
        return sum(row.event == event for row in self.rows())

    def wait_count(self, event: str, count: int, timeout: float = 15) -> None:
        """Until something was told so often."""
        wait_for(lambda: self.count(event) >= count, timeout, f"{count} {event} in {self.rows()}", every=0.1)

    @abstractmethod
    def call(self) -> Call | Line:
        """One more caller, in line."""

    @abstractmethod
    def come(self) -> None:
        """The agent logs in."""

    @abstractmethod
    def go(self) -> None:
        """The agent logs out."""

    @abstractmethod
    def pause(self, on: bool) -> None:
        """The agent goes to lunch; and is back."""

    @abstractmethod
    def free(self) -> bool:
        """Whether the agent would be rung."""

    @abstractmethod
    def level(self) -> tuple[float, float]:
        """The service level by both formulas, in percent."""

    def taken(self, rings: int = 1) -> tuple[Call | Line, Line]:
        """A call that the agent takes, at its so manieth ring."""
        wait_for(self.free, 10, "the agent to be free", every=0.1)
        self.agent.lines.clear()
        self.agent.answer_after = 0.2 if rings == 1 else None
        caller = self.call()
        line = self.agent.wait_line(rings, 15)
        if rings > 1:
            line.wait("ringing").answer()
        line.wait("up").wait_hears(caller.tone)
        return caller, line


class Ours(Desk):
    """Our queue."""

    file, queue = OURS, QUEUE

    def call(self) -> Call:
        """Over the carrier's trunk."""
        number = self.pbx.number()
        made = self.pbx.call(DID, number)
        self.pbx.wait_at(number, f"queue:{QUEUE}")
        return made

    def come(self) -> None:
        """By code."""
        self._dial(f"*11{AGENT}")

    def go(self) -> None:
        """By code."""
        self._dial("*12")

    def _dial(self, code: str) -> None:
        self.agent.call(code).wait("up").wait_ended()
        self.agent.lines.clear()

    def pause(self, on: bool) -> None:
        """By the control API."""
        if on:
            self.pbx.ask("acd.agent.pause", agent=AGENT, reason=REASON)
        else:
            self.pbx.ask("acd.agent.ready", agent=AGENT)

    def free(self) -> bool:
        """Ready."""
        return bool(self.pbx.agent(AGENT)["state"] == "ready")

    def level(self) -> tuple[float, float]:
        """Of all who came since this began."""
        since = datetime.fromtimestamp(self.rows()[0].at - 1, UTC).isoformat()
        [row] = [r for r in self.pbx.ask("acd.figures", of="queues", since=since) if r["queue"] == QUEUE]
        return row["service_level"], row["service_level_2"]


class Theirs(Desk):
    """Asterisk's."""

    file, queue = THEIRS, PEER

    def call(self) -> Line:
        """A telephone is called and sent into the queue when it answers."""
        number = len(self.phones[CALLER].lines) + 1
        self.pbx.node.asterisk(f"channel originate PJSIP/{CALLER} extension s@journey-log")
        return self.phones[CALLER].wait_line(number).wait("up")

    def come(self) -> None:
        """A member of the queue; and logged in as the agents of AgentLogin() are, for what that one writes."""
        self.pbx.node.asterisk(f"channel originate PJSIP/{PHONE} application AgentLogin {AGENT}")
        self.wait_count("AGENTLOGIN", 1)
        self.pbx.node.asterisk(f"agent logoff {AGENT}")
        self.wait_count("AGENTLOGOFF", 1)
        self.pbx.node.asterisk(f"queue add member PJSIP/{PHONE} to {PEER} penalty 0 as {AGENT}")

    def go(self) -> None:
        """No member any more."""
        self.pbx.node.asterisk(f"queue remove member PJSIP/{PHONE} from {PEER}")

    def pause(self, on: bool) -> None:
        """In all queues."""
        self.pbx.node.asterisk(f"channel originate Local/{'pause' if on else 'ready'}@journey-log application Wait 1")

    def free(self) -> bool:
        """Not in use, by the device's state."""
        return "Not in use" in self.pbx.node.asterisk(f"queue show {PEER}")

    def level(self) -> tuple[float, float]:
        """As the queue itself counts."""
        shown = self.pbx.node.asterisk(f"queue show {PEER}")
        found = re.search(r"SL:([\d.]+)%, SL2:([\d.]+)%", shown)
        assert found, shown
        return float(found[1]), float(found[2])


def live_through(desk: Desk) -> list[Row]:
    """A morning: two talks, two transfers, who gives up while it rings, and three who wait in a lunch break."""
    for phone in desk.phones.values():
        phone.reset()
    desk.come()
    caller, line = desk.taken()
    caller.hang_up()
    line.wait_ended()
    caller, line = desk.taken()
    line.hang_up()
    caller, line = desk.taken(rings=2)
    line.transfer(ASKED)
    sent_to = desk.phones[ASKED].wait_line().wait("up")
    caller.hang_up()
    sent_to.wait_ended()
    desk.wait_count("BLINDTRANSFER", 1)
    caller, line = desk.taken()
    line.hold()
    asking = desk.agent.call(ASKED).wait("up")
    line.transfer_to(asking)
    desk.wait_count("ATTENDEDTRANSFER", 1)
    caller.hang_up()
    asking.wait_ended()
    wait_for(desk.free, 10, "the agent to be free", every=0.1)
    desk.agent.lines.clear()
    desk.agent.answer_after = None
    caller = desk.call()
    desk.agent.wait_line().wait("ringing")
    caller.hang_up()
    desk.wait_count("ABANDON", 1)
    desk.pause(True)
    desk.wait_count("PAUSE", 1)
    desk.call()
    presses = desk.call()
    desk.wait_count("ENTERQUEUE", 7)
    presses.press("3")
    desk.wait_count("EXITWITHKEY", 1)
    gives_up = desk.call()
    desk.wait_count("ENTERQUEUE", 8)
    gives_up.hang_up()
    desk.wait_count("ABANDON", 2)
    desk.wait_count("EXITWITHTIMEOUT", 1)
    desk.pause(False)
    desk.wait_count("UNPAUSE", 1)
    desk.go()
    return desk.rows()


@pytest.fixture
def plain_queue(pbx: Pbx, handsets: dict[str, Softphone]) -> Iterator[Callable[[], Theirs]]:
    """Asterisk has a queue of its own and writes its file; afterwards not."""
    paths = {name: f"{CURRENT}/{name}" for name in (LOGGER, *ADDED)}
    before = {n: pbx.node.read_file(p) if pbx.node.path(p).exists() else "" for n, p in paths.items()}
    try:
        for name, path in paths.items():
            text = before[name].replace(OFF, ON) + ADDED.get(name, "")
            pbx.node.write_file(path, text, mode=0o640, owner="jackfield:asterisk")
        for module in MODULES:
            pbx.node.asterisk(f"module load {module}")
        for command in RELOADS:
            pbx.node.asterisk(command)
        yield lambda: Theirs(pbx, handsets)
    finally:
        if pbx.agent(AGENT)["phone"]:
            pbx.ask("acd.agent.logout", agent=AGENT)
        pbx.node.asterisk(f"queue remove member PJSIP/{PHONE} from {PEER}")
        for module in MODULES:
            pbx.node.asterisk(f"module unload {module}")
        for name, path in paths.items():
            if before[name]:
                pbx.node.write_file(path, before[name], mode=0o640, owner="jackfield:asterisk")
            else:
                pbx.node.run(["rm", path])
        for command in RELOADS:
            pbx.node.asterisk(command)


def by_call(rows: list[Row]) -> list[list[tuple[str, ...]]]:
    """The shapes of each call's lines, calls in the order in which they came."""
    calls: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        if row.queue != "NONE" and row.call not in ("NONE", "CLI"):  # CLI: a member came or went
            calls.setdefault(row.call, []).append(row.shape())
    return list(calls.values())


def counted(rows: list[Row], late: int) -> tuple[float, float]:
    """The service level by both formulas (app_queue.c), of what a file says; beyond `late` seconds is too late."""
    done = [row.seconds("hold") for row in rows if row.event.startswith(("COMPLETE", "BLIND", "ATTENDED"))]
    gone = [row.seconds("wait") for row in rows if row.event in ("ABANDON", "EXITWITHTIMEOUT")]
    within, gone_within = (sum(value <= late for value in values) for values in (done, gone))
    return 100 * within / len(done), 100 * (within + gone_within) / (len(done) + len(gone))


def test_the_same_as_asterisks_own(pbx: Pbx, handsets: dict[str, Softphone], plain_queue: Callable[[], Theirs]) -> None:
    """Event by event and field by field, the same story; and the same figures are made of it."""
    ours, theirs = Ours(pbx, handsets), plain_queue()
    mine, plain = live_through(ours), live_through(theirs)
    assert by_call(mine) == by_call(plain)
    agent, same = (sorted(row.shape() for row in rows if row.event in OF_AGENTS) for rows in (mine, plain))
    assert agent == same, (mine, plain)
    for desk, rows in ((ours, mine), (theirs, plain)):
        least, most = counted(rows, TARGET - 1), counted(rows, TARGET)
        told = desk.level()
        assert all(a - 0.1 <= x <= b + 0.1 for a, x, b in zip(least, told, most, strict=True)), (told, least, most)
