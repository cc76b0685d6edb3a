"""The daemon's side of `console_live`: `python3 -m bench.console_floor FOLDER CALLS AGENTS EVENTS_A_SECOND`."""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jackfield.control.api import ControlApi
from jackfield.control.method import Method, Role
from jackfield.plugins import PluginHost
from jackfield.services import EventBus
from jackfield.settings import ControlSettings, Settings
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate

STATES = ("ready", "talking", "wrap-up", "paused")


class Floor:
    """Calls and agents that change."""

    def __init__(self, calls: int, agents: int) -> None:
        self._numbers = itertools.count(1)
        self.calls = [self._call() for _ in range(calls)]
        self.agents = [self._agent(number) for number in range(agents)]

    def _call(self) -> dict[str, Any]:
        number = next(self._numbers)
        return {
            "id": f"{number}.1", "from": f"+4420794{number % 100000:05}", "name": "", "withheld": False,
            "diversion": "", "did": "5550100", "trunk": "carrier", "extension": "", "at": "queue:sales",
            "since": datetime.now(UTC).isoformat(), "seconds": 0.0, "talking": number % 2 == 0, "held": False,
            "interrupted": False,
        }  # fmt: skip

    def _agent(self, number: int) -> dict[str, Any]:
        return {
            "name": str(1000 + number), "state": random.choice(STATES), "reason": "", "seconds": 1.0, "phone": "201",
            "phone_busy": False, "reachable": True, "call": None, "queue": "sales", "unanswered": 0,
        }  # fmt: skip

    def move(self, events: EventBus) -> None:
        """One event: a call comes for one that goes, or an agent changes."""
        if random.random() < 0.5:
            place = random.randrange(len(self.calls))
            gone, self.calls[place] = self.calls[place], self._call()
            events.publish("call", id=gone["id"], what="ended", result="answered")
            events.publish("call", id=self.calls[place]["id"], what="arrived")
        else:
            agent = random.choice(self.agents)
            agent["state"] = random.choice(STATES)
            events.publish("agent", agent=agent["name"], state=agent["state"], reason="")

    def queues(self) -> list[dict[str, Any]]:
        """Four queues, a quarter of the waiting callers each."""
        waiting = [call for call in self.calls if not call["talking"]]
        rows = [
            {"call": call["id"], "caller": call["from"], "seconds": 5.0, "position": 1, "priority": 0}
            for call in waiting
        ]
        return [{"name": f"q{n}", "waiting": rows[n::4], "agents": [a["name"] for a in self.agents]} for n in range(4)]


def main() -> None:
    """Serve until killed."""
    folder, calls, agents, rate = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    database = Database(f"sqlite:///{folder}/bench.db")
    migrate(database, [CORE])
    floor, events = Floor(calls, agents), EventBus()
    status = {"asterisk": {"connected": True, "version": "22"}, "alarms": 0, "title": "Bench"}
    machine = {"load": [0.1, 0.1, 0.1], "cores": 2, "memory": {"total": 8e9, "available": 4e9}, "disks": [],
               "seconds_up": 100.0}  # fmt: skip
    trunk = {"name": "carrier", "state": "reachable", "calls": calls, "max_calls": 0}
    answers: dict[str, Any] = {
        "status": lambda: status, "calls": lambda: floor.calls, "agents": lambda: floor.agents,
        "queues": floor.queues, "alarms": lambda: [], "trunks": lambda: [trunk], "system": lambda: machine,
    }  # fmt: skip
    methods = [Method(name, function, Role.VIEWER) for name, function in answers.items()]
    api = ControlApi(
        folder / "control.sock", ControlSettings(), database, PluginHost(Settings()), events, methods
    )  # fmt: skip
    api.start()
    print("ready", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on: a full pipe would stop the floor
    due = time.monotonic()
    while True:
        due += 1 / rate
        time.sleep(max(0.0, due - time.monotonic()))
        floor.move(events)


if __name__ == "__main__":
    main()
