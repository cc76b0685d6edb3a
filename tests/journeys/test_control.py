"""The control API over its socket: typed, by role, on record, live."""

from __future__ import annotations

import json
import queue
import threading
from typing import Any

from journeys.faults import settings
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


ROLES = '[control]\noperators = ["@switchboard"]\nviewers = ["vic"]\n'


def test_users_by_their_roles(pbx: Pbx) -> None:
    """An operator by Unix group, a viewer by name, a stranger who cannot even connect; `audit` shows all of it."""
    pbx.node.run(["groupadd", "-f", "switchboard"])
    pbx.node.run(["sh", "-c", "id olga || useradd -G switchboard olga; id vic || useradd vic"])
    with settings(pbx, ROLES):
        shown, denied = speak(pbx, "olga", '{"method": "calls"}', '{"method": "site.apply"}')
        assert shown["result"] == [] and denied["code"] == "denied" and "needs the role admin" in denied["error"]
        told, denied = speak(pbx, "vic", '{"method": "version"}', '{"method": "calls"}')
        assert (told["result"]["user"], told["result"]["role"], denied["code"]) == ("vic", "viewer", "denied")
        assert "Permission denied" in speak(pbx, "nobody", '{"method": "version"}')
        done = pbx.node.run(["runuser", "-u", "olga", "--", "jackfield", "calls", "--json"])
        assert json.loads(done.stdout) == []
    seen = [(r["who"], r["method"], r["outcome"]) for r in pbx.jackfield("audit", "--since", "5m", "--json")]
    assert {("olga", "calls", "ok"), ("olga", "site.apply", "denied"), ("vic", "calls", "denied")} <= set(seen)


def test_the_site_over_the_api(pbx: Pbx, unchanged: int) -> None:
    """An object is set, spoken and applied in a process beside the daemon; then it goes again."""
    before = unchanged
    prompt = {"kind": "prompt", "name": "by-the-api", "fields": {"text": {"en": "Set over the API.", "zh": "接口"}}}
    asked = [
        json.dumps({"method": method, "params": params, "by": "Ann"})
        for method, params in (
            ("site.set", prompt),
            ("site.plan", {}),
            ("site.apply", {"reason": "journey: the API"}),
            ("site.get", {"kind": "prompt", "name": "by-the-api"}),
            ("site.delete", {"kind": "prompt", "name": "by-the-api"}),
            ("site.apply", {"reason": "journey: back again"}),
            ("site.history", {}),
        )
    ]
    answers = speak(pbx, "root", *asked)
    assert isinstance(answers, list)
    results = [answer.get("result", answer) for answer in answers]
    assert any(c["name"] == "by-the-api" for c in results[1]["changes"]), results[1]
    assert results[2]["applied"]["running"], results[2]
    assert results[3]["fields"]["text"]["en"] == "Set over the API."
    assert [row["author"] for row in results[6][:2]] == ["Ann", "Ann"]
    # A new generation's number follows the highest that ever was, which after a rollback isn't the one in force.
    first, second = (results[n]["applied"]["number"] for n in (2, 5))
    assert before < first < second == pbx.ask("status")["generation"]
    assert [row["number"] for row in results[6][:2]] == [second, first]
    changes = [r["method"] for r in pbx.jackfield("audit", "--who", "Ann", "--json") if r["change"]]
    assert changes[:4] == ["site.apply", "site.delete", "site.apply", "site.set"]
