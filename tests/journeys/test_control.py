"""The control API over its socket: typed, by role, on record, live."""

from __future__ import annotations

import json
import queue
import threading
from typing import Any

from journeys.pbx import Pbx

SPEAK = """
import json, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect("/run/jackfield/control.sock")
stream = sock.makefile("rw")
for line in json.load(sys.stdin):
    stream.write(line + "\\n")
    stream.flush()
    print(stream.readline(), end="", flush=True)
"""


def speak(pbx: Pbx, user: str, *requests: str) -> list[dict[str, Any]] | str:
    """What the daemon answers a process of a user on the node; a text when it cannot even connect."""
    done = pbx.node.run(
        ["runuser", "-u", user, "--", "python3", "-c", SPEAK], stdin=json.dumps(list(requests)), check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else done.stderr


def test_every_method_tells_its_parameters(pbx: Pbx) -> None:
    """`describe` has a role, a help and a schema for each method, and `version` says who asks."""
    methods = {each["name"]: each for each in pbx.ask("describe")}
    assert {"status", "calls", "alarms.ack", "records", "audit", "site.reload", "version"} <= set(methods)
    assert all(m["role"] in ("viewer", "operator", "admin") and m["help"] for m in methods.values()), methods
    assert all(m["params"]["additionalProperties"] is False for m in methods.values())
    assert pbx.ask("version")["role"] == "admin"


def test_events_of_a_call(pbx: Pbx) -> None:
    """A subscriber sees a call arrive and end, while it happens."""
    process = pbx.node.popen(["python3", "-c", SPEAK + "for line in stream: print(line, end='', flush=True)"])
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(['{"method": "events.subscribe", "params": {"topics": ["call"]}}']).encode())
    process.stdin.close()
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=lambda: [told.put(json.loads(line)) for line in process.stdout], daemon=True).start()
    try:
        assert told.get(timeout=10)["result"] == {"topics": ["call"]}
        number = pbx.number()
        call = pbx.call("5550200", number)
        arrived = told.get(timeout=10)
        assert arrived["event"] == "call" and arrived["data"]["what"] == "arrived"
        call.wait_ended(15)
        seen = [told.get(timeout=10)]
        while seen[-1]["data"]["what"] != "ended":
            seen.append(told.get(timeout=10))
        assert seen[-1]["data"]["id"] == arrived["data"]["id"] == pbx.record(number)["id"]
    finally:
        process.kill()
        process.wait()
