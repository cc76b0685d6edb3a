"""The site over the control API, in processes of its own: objects, partial updates, two admins, a process that dies."""

import os
import signal
import threading
import time

import pytest
from jackfield.control import site_processes
from jackfield.control.method import Role
from jackfield.errors import CommandFailed


def field(client, kind, name):
    return client.ask("site.get", kind=kind, name=name)["fields"]


def test_objects(site, box):
    site.ask("site.set", kind="trunk", name="carrier", fields={"host": "192.0.2.1"})
    made = site.ask("site.set", kind="extension", name="201", fields={"title": "Ann", "secret": "very-secret-1"})
    site.ask("site.set", kind="extension", name="201", fields={"language": "zh"})
    got = site.ask("site.get", kind="extension", name="201")
    assert (got["fields"]["title"], got["fields"]["language"]) == ("Ann", "zh"), "only the named field has changed"
    assert "very-secret-1" not in str(got)
    assert got["revision"] == made["revision"] + 1
    site.ask("site.set", kind="extension", name="201", fields={"title": None})
    assert "title" not in field(site, "extension", "201")
    listed = site.ask("site.list")
    assert [(o["kind"], o["name"]) for o in listed] == [("extension", "201"), ("trunk", "carrier")]
    assert site.ask("site.list", kind="trunk")[0]["name"] == "carrier"
    assert "very-secret-1" in site.ask("site.export")["text"]
    did = {"number": "5550100", "destination": "extension:201", "fallback": "hangup:busy"}
    site.ask("site.set", kind="did", name="main", fields=did)
    assert site.ask("site.get", kind="extension", name="201")["used_by"] == ["did main (destination)"]
    outward = {"patterns": ["_00X."], "trunks": ["carrier"], "permission": "international"}
    site.ask("site.set", kind="did", name="main", fields=did)
    site.ask("site.set", kind="outbound-route", name="abroad", fields=outward)
    site.ask("site.set", kind="extension", name="201", fields={"may_call": ["international"]})
    inbound = site.ask("site.test.in", did="5550100", caller="5551234")
    assert (inbound["route"], inbound["destination"], inbound["from"]) == ("main", "extension:201", "5551234")
    way = site.ask("site.test.out", number="0044201234", extension="201")
    assert ([a["trunk"] for a in way["attempts"]], way["refused"]) == (["carrier"], None)
    with pytest.raises(CommandFailed, match="no extension '999'"):
        site.ask("site.test.out", number="0044201234", extension="999")
    for kind, name in (("outbound-route", "abroad"), ("did", "main")):
        site.ask("site.delete", kind=kind, name=name)
    with pytest.raises(CommandFailed, match="no did 'main'"):
        site.ask("site.get", kind="did", name="main")
    assert site.ask("site.undo")["what"]
    assert field(site, "did", "main")["number"] == "5550100"
    assert {k["kind"] for k in site.ask("site.kinds")} >= {"trunk", "did", "extension"}


def test_mistakes_are_told_field_by_field(site):
    with pytest.raises(CommandFailed, match="host"):
        site.ask("site.set", kind="trunk", name="carrier", fields={"host": "a b"})
    with pytest.raises(CommandFailed, match=r"nothing"):
        site.ask("site.set", kind="nothing", name="x", fields={})
    answer = site.raw(b'{"method": "site.import", "params": {"text": "[[trunk]]\\nname = 5\\n[[did]]\\n"}}')
    assert len(answer["problems"]) >= 2 and any(p.startswith("line 2, trunk") for p in answer["problems"])
    assert site.ask("site.list") == []


def test_the_second_admin_is_told(site):
    first = site.ask("site.set", kind="trunk", name="c", fields={"host": "192.0.2.1"})["revision"]
    site.ask("site.set", kind="trunk", name="c", fields={"max_calls": 5}, expected=first)
    with pytest.raises(CommandFailed, match=r"c is at revision"):
        site.ask("site.set", kind="trunk", name="c", fields={"max_calls": 9}, expected=first)
    with pytest.raises(CommandFailed, match=r"c is at revision"):
        site.ask("site.delete", kind="trunk", name="c", expected=first)
    assert field(site, "trunk", "c")["max_calls"] == 5


def test_an_import_and_its_export(site):
    site.ask("site.import", text='[[trunk]]\nname = "c"\nhost = "192.0.2.1"\n')
    text = site.ask("site.export")["text"]
    site.ask("site.delete", kind="trunk", name="c")
    site.ask("site.import", text=text, meanwhile="replace")
    assert site.ask("site.list", kind="trunk")[0]["name"] == "c"
    assert site.ask("site.check")["left_out"] == []


def test_roles(site, box, monkeypatch):
    site.ask("site.set", kind="trunk", name="c", fields={"host": "192.0.2.1"})
    box.become(Role.OPERATOR, monkeypatch)
    operator = box.client()
    assert operator.ask("site.list")
    for method, params in (("site.set", {"kind": "trunk", "name": "c", "fields": {}}), ("site.export", {}),
                           ("site.apply", {}), ("site.delete", {"kind": "trunk", "name": "c"})):  # fmt: skip
        with pytest.raises(CommandFailed, match="needs the role admin"):
            operator.ask(method, **params)


def test_subscribers_hear_of_changes(site, box):
    follower = box.client()
    follower.ask("events.subscribe", topics=["site"])
    site.ask("site.set", kind="trunk", name="c", fields={"host": "192.0.2.1"})
    told = follower.read()["data"]
    assert (told["what"], told["kind"], told["name"], told["who"]) == ("set", "trunk", "c", "root")


def test_a_process_that_dies_is_told_and_replaced(site, box):
    site.ask("site.list")
    ((process, _),) = box.processes._idle
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    with pytest.raises(CommandFailed, match="did not come to its end"):
        site.ask("site.list")
    assert site.ask("site.list") == []


def test_a_process_is_kept_for_a_while_and_then_ended(site, box, monkeypatch):
    monkeypatch.setattr(site_processes, "IDLE_SECONDS", 0.1)
    site.ask("site.list")
    ((process, _),) = box.processes._idle
    site.ask("site.list")
    assert box.processes._idle[0][0] is process
    deadline = time.monotonic() + 10
    while process._process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_other_requests_do_not_wait_for_the_site(site, box, monkeypatch):
    """All processes are at work: another request on the site is told so, everything else is answered."""
    monkeypatch.setattr(site_processes, "WAIT_SECONDS", 0.2)
    held = [box.processes._free.acquire() for _ in range(site_processes.BOUND)]
    refused: list[str] = []

    def wait():
        try:
            box.client().ask("site.list")
        except CommandFailed as error:
            refused.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    assert site.ask("echo", text="on") == "on"
    thread.join(10)
    assert refused and "busy" in refused[0]
    for _ in held:
        box.processes._free.release()
