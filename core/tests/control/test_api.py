"""Requests, answers, parameters, roles, the protocol's version."""

import json
import threading
from pathlib import Path

import pytest
from jackfield.control.client import request
from jackfield.control.method import Method, Role, by_name
from jackfield.errors import CommandFailed, JackfieldError, NotConnected
from jackfield.plugins import Status

VIEWER, OPERATOR, ADMIN = Role


def test_answers(box):
    assert request("echo", path=box.path, text="你好") == "你好"
    assert box.path.stat().st_mode & 0o777 == 0o660
    client = box.client()
    assert [client.ask("echo", text=str(n)) for n in range(5)] == list("01234")


def test_refusals_say_why(box):
    for method, why in (("refuse", "not today"), ("bug", "ZeroDivisionError"), ("nothing", "there are: add, bug,")):
        with pytest.raises(CommandFailed, match=why):
            request(method, path=box.path)
    answer = box.client().raw(b'{"method": "wrong", "id": "x"}')
    assert (answer["problems"], answer["code"], answer["id"]) == (["line 1: a", "line 2: b"], "refused", "x")


@pytest.mark.parametrize(
    ("params", "why"),
    [({}, "a: Field required"), ({"a": -1}, "a: .*greater than or equal to 0"), ({"a": "x"}, "a: .*valid integer"),
     ({"a": 1, "c": 2}, "c: Extra inputs"), ({"a": 1, "b": None}, "b: "), ({"a": 1e400}, "not a request")],
)  # fmt: skip
def test_parameters_are_checked(box, params, why):
    with pytest.raises(CommandFailed, match=why):
        box.client().ask("add", **params)


def test_types_come_from_the_signature(box):
    client = box.client()
    assert client.ask("add", a=2) == 3
    assert client.ask("add", a="2", b=5) == 7
    (told,) = client.ask("describe", method="add")
    assert told["params"]["properties"]["a"] == {"description": "First", "minimum": 0, "title": "A", "type": "integer"}
    assert told["params"]["required"] == ["a"] and told["params"]["additionalProperties"] is False
    assert (told["role"], told["change"], told["help"]) == ("viewer", False, "")
    (told,) = client.ask("schema", method="echo")
    assert told["help"] == "Says it again."
    assert client.ask("who") == "root"
    assert "caller" not in json.dumps(client.ask("describe", method="who"))


def test_every_method_can_be_described(box):
    names = [each["name"] for each in box.client().ask("describe")]
    assert names == sorted(names) and {"version", "describe", "events.subscribe", "set"} <= set(names)


def test_the_protocol(box):
    client = box.client()
    told = client.ask("version")
    assert (told["protocol"], told["user"], told["role"], told["uid"]) == ("1.0", "root", "admin", 0)
    for version in (b"1", b'"1"', b'"1.7"'):
        answer = client.raw(b'{"method": "echo", "v": ' + version + b"}")
        assert (answer["v"], answer["result"]) == ("1.0", "")
    for version in (b"2", b'"2.0"', b'"x"', b"null", b"{}", b"-1"):
        answer = client.raw(b'{"method": "echo", "id": 3, "v": ' + version + b"}")
        assert (answer["code"], answer["id"]) == ("version", 3) and "1.0" in answer["error"]


def test_what_a_role_may(box, monkeypatch):
    may = {None: [], VIEWER: ["echo"], OPERATOR: ["echo", "calls"], ADMIN: ["echo", "calls", "set"]}
    for role, allowed in may.items():
        box.become(role, monkeypatch)
        client = box.client()
        for method, params in (("echo", {}), ("calls", {}), ("set", {"kind": "did", "name": "x"})):
            if method in allowed:
                client.ask(method, **params)
                continue
            with pytest.raises(CommandFailed, match=r"denied: .*role"):
                client.ask(method, **params)
        if role is not None:
            assert {m["name"] for m in client.ask("describe")} & {"echo", "calls", "set"} == set(allowed)


def test_a_viewer_is_not_told_of_what_it_may_not(box, monkeypatch):
    box.become(VIEWER, monkeypatch)
    with pytest.raises(CommandFailed, match=r"unknown-method: .*there are: add, bug, describe, echo"):
        box.client().ask("x")


def test_methods_of_plugins(box):
    methods = [Method("toy.play", lambda: "ok", VIEWER), Method("toy.bug", lambda: {}["x"], VIEWER)]
    box.host.put(Status("toy", declared={"jackfield_control_methods": methods}, instance=object()))
    client = box.client()
    assert client.ask("toy.play") == "ok"
    for _ in range(5):
        with pytest.raises(CommandFailed, match=r"failed: toy.bug failed inside the daemon: KeyError"):
            client.ask("toy.bug")
    with pytest.raises(CommandFailed, match="unknown-method"):  # shut off by now
        client.ask("toy.play")
    with pytest.raises(CommandFailed):
        client.ask("bug")
    assert "echo" in {m["name"] for m in client.ask("describe")}


def test_a_name_is_there_once():
    with pytest.raises(JackfieldError, match="'a' is there twice"):
        by_name([Method("a", print), Method("a", print)])


def test_many_at_once(box):
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(request("echo", path=box.path, text=str(n))))
        for n in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(found, key=int) == [str(n) for n in range(30)]


def test_no_daemon(tmp_path: Path):
    with pytest.raises(NotConnected, match="systemctl status"):
        request("status", path=tmp_path / "none.sock")
