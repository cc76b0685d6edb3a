"""Supervisors over the control API (A10): who waits and who talks, live; callers and agents are steered."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from journeys.pbx import Pbx, path_of
from journeys.test_control import SPEAK

TOPICS = {"acd.queues": ("queue", "name"), "acd.agents": ("agent", "name"), "acd.contacts": ("contact", "call")}
FOLLOW = json.dumps({"method": "events.subscribe", "params": {"topics": list(TOPICS)}})


class Screen:
    """Follows as a console does: a subscription, one snapshot, and from then on only changes."""

    def __init__(self, pbx: Pbx) -> None:
        self.process: subprocess.Popen[bytes] = pbx.node.popen(
            ["python3", "-c", SPEAK + "for line in stream: print(line, end='', flush=True)"]
        )
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([FOLLOW]).encode())
        self.process.stdin.close()
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        lines = self.process.stdout
        threading.Thread(target=lambda: [self._told.put(json.loads(line)) for line in lines], daemon=True).start()
        assert self._told.get(timeout=10)["result"] == {"topics": sorted(TOPICS)}
        self._pbx = pbx
        self.run, self.seq, self.rows = self._snapshot()

    def _snapshot(self) -> tuple[str, int, dict[str, dict[str, dict[str, Any]]]]:
        found = self._pbx.ask("acd.snapshot")
        rows = {topic: {row[key]: row for row in found[f"{name}s"]} for topic, (name, key) in TOPICS.items()}
        for row in rows["acd.queues"].values():
            del row["agents"]
        return found["run"], found["seq"], rows

    def until(self, topic: str, name: str, **wanted: Any) -> dict[str, Any]:
        """Applies changes until a row is so; there must be no gap between their numbers."""
        while True:
            row = self.rows[topic].get(name, {})
            if all(row.get(field) == value for field, value in wanted.items()):
                return row
            self._apply(self._told.get(timeout=15))

    def agrees(self) -> None:
        """What was followed is what a new snapshot says, once everything up to it was applied."""
        run, seq, rows = self._snapshot()
        while self.seq < seq:
            self._apply(self._told.get(timeout=10))
        assert (self.run, self.seq, self.rows) == (run, seq, rows)

    def _apply(self, line: dict[str, Any]) -> None:
        if line["event"] not in TOPICS or line["data"]["seq"] <= self.seq:
            return
        data, (name, key) = line["data"], TOPICS[line["event"]]
        assert (data["run"], data["seq"]) == (self.run, self.seq + 1), f"a gap after {self.seq}: {line}"
        self.seq = data["seq"]
        rows = self.rows[line["event"]]
        if data["what"] == "gone":
            rows.pop(data[name][key], None)
        else:
            rows[data[name][key]] = data[name]


@pytest.fixture
def screen(pbx: Pbx) -> Iterator[Screen]:
    """A screen that follows from now on."""
    found = Screen(pbx)
    yield found
    found.process.kill()
    found.process.wait()


def test_a_screen_follows_a_call(pbx: Pbx, screen: Screen) -> None:
    """From the log-in over waiting, ringing, talk and wrap-up: every change comes by itself, and none is missing."""
    pbx.phone("201")
    pbx.ask("acd.agent.login", agent="1001", extension="201")
    screen.until("acd.agents", "1001", state="ready", phone="201")
    pbx.ask("acd.agent.pause", agent="1001", reason="lunch")
    paused = screen.until("acd.agents", "1001", state="paused", reason="lunch")
    number = pbx.number()
    call = pbx.call("5550504", number)
    call_id = pbx.wait_at(number, "queue:wrap-a")["id"]
    waits = screen.until("acd.contacts", call_id, state="waiting")
    assert (waits["caller"], waits["queue"], waits["agents"]) == (number, "wrap-a", [])
    screen.until("acd.queues", "wrap-a", waiting=1)
    pbx.ask("acd.agent.ready", agent="1001")
    screen.until("acd.contacts", call_id, state="talking", agents=["1001"])
    talks = screen.until("acd.agents", "1001", state="talking", call=call_id, queue="wrap-a")
    assert talks["since"] > paused["since"]
    screen.agrees()
    call.hang_up()
    screen.until("acd.agents", "1001", state="wrap-up", call=None, queue="wrap-a")
    assert call_id not in screen.rows["acd.contacts"]
    pbx.ask("acd.agent.logout", agent="1001")
    screen.until("acd.agents", "1001", state="logged-out", phone=None)
    screen.agrees()


def test_waiting_callers_are_steered(pbx: Pbx) -> None:
    """One goes to the front, one to another queue with its time, one is dropped; the audit log knows who did it."""
    numbers = [pbx.number() for _ in range(3)]
    calls, ids = [], []
    for place, number in enumerate(numbers, 1):
        calls.append(pbx.call("5550500", number))
        pbx.wait_waiting("basic", numbers[:place])
        ids.append(pbx.live(number)[0]["id"])
    pbx.jackfield("acd", "prioritise", ids[2], "90")
    pbx.wait_waiting("basic", [numbers[2], numbers[0], numbers[1]])
    pbx.jackfield("acd", "move", ids[0], "wrap-b")
    pbx.wait_waiting("wrap-b", [numbers[0]])
    pbx.jackfield("acd", "drop", ids[1])
    dropped = calls[1].wait_ended(10)
    assert dropped.ended_by == "them"
    pbx.wait_waiting("basic", [numbers[2]])
    refused = pbx.jackfield("acd", "drop", ids[1], check=False)
    assert refused.returncode == 1 and "does not wait" in refused.stderr
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    pbx.jackfield("agent", "login", "1001", "201")
    rung = ann.wait_call(seen + 1)
    rung.wait_answered()
    assert rung.dialog.caller_number == numbers[2], "the one with the priority is served first"
    for call in (calls[0], calls[2]):
        call.hang_up()
    moved = pbx.record(numbers[0])
    assert path_of(moved)[-2] == ("queue:basic", "moved by a supervisor") and moved["queue"] == "wrap-b", moved
    assert path_of(pbx.record(numbers[1]))[-1] == ("queue:basic", "dropped by a supervisor")
    seen = [(r["method"], r["object"]) for r in pbx.jackfield("audit", "--since", "2m", "--json") if r["change"]]
    for method, about in (("prioritise", f"{ids[2]} 90"), ("move", f"{ids[0]} wrap-b"), ("drop", ids[1])):
        assert (f"acd.contact.{method}", about) in seen
    assert ("acd.agent.login", "agent:1001 201") in seen
