"""Every read of personal data and every change is on record, with who and what became of it."""

import subprocess
import sys
import threading

import pytest
from jackfield.control import audit
from jackfield.control.audit import AuditLog, Line, Outcome
from jackfield.control.method import Role
from jackfield.errors import CommandFailed


def rows(box, *keys):
    keys = keys or ("method", "object", "outcome")
    return [tuple(row[k] for k in keys) for row in reversed(audit.read(box.database))]


def attempt(client, method, **params):
    with pytest.raises(CommandFailed):
        client.ask(method, **params)


def test_what_is_on_record(box):
    client = box.client()
    client.ask("echo")
    client.ask("calls", number="5551234")
    client.ask("set", kind="did", name="main")
    attempt(client, "set", kind="did")
    attempt(client, "refuse")
    attempt(client, "bug")
    assert rows(box) == [
        ("calls", "5551234", "ok"), ("set", "did:main", "ok"), ("set", "did:", "refused"), ("refuse", "", "refused"),
        ("bug", "", "failed"),
    ]  # fmt: skip
    (first, *_) = audit.read(box.database, limit=1)
    assert (first["who"], first["uid"], first["detail"], first["change"]) == ("root", 0, "ZeroDivisionError", True)
    assert audit.read(box.database, who="nobody") == []


def test_denials_are_on_record(box, monkeypatch):
    box.become(Role.VIEWER, monkeypatch)
    client = box.client()
    attempt(client, "set", kind="did", name="x")
    attempt(client, "calls")
    box.become(None, monkeypatch)
    stranger = box.client()
    for _ in range(50):
        attempt(stranger, "echo")
    assert rows(box) == [("set", "", "denied"), ("calls", "", "denied"), ("-", "", "denied")]


def test_a_screen_that_refreshes_is_one_row_with_a_count(box):
    client = box.client()
    for _ in range(50):
        client.ask("calls")
    client.ask("calls", number="5")
    box.api.audit.stop()
    assert rows(box, "object", "count") == [("", 1), ("5", 1), ("", 49)]


def test_it_is_written_before_the_answer(box):
    client = box.client()
    for n in range(20):
        client.ask("set", kind="did", name=str(n))
        assert rows(box, "object")[-1] == (f"did:{n}",)


def test_a_database_that_is_away_delays_but_loses_nothing(box, monkeypatch):
    monkeypatch.setattr(audit, "AGAIN_SECONDS", 0.05)
    real, failed = audit.write, threading.Event()

    def refuse(*arguments):
        failed.set()
        raise audit.StorageError("disk full")

    monkeypatch.setattr(audit, "write", refuse)
    client = box.client()
    for n in range(5):
        client.ask("set", kind="did", name=str(n))
    assert failed.is_set()
    monkeypatch.setattr(audit, "write", real)
    client.ask("set", kind="did", name="last")
    box.api.audit.stop()
    assert rows(box, "object") == [(f"did:{n}",) for n in (*range(5), "last")]


def test_hostile_text(box):
    log = AuditLog(box.database)
    log.start()
    log.note(Line("r\noot", 0, "m", "\x00\ud800" + "x" * 999, change=True, outcome=Outcome.FAILED, detail="\x1b[2J"))
    log.stop()
    (row,) = audit.read(box.database)
    assert row["object"].startswith("\ufffd\ufffdx") and len(row["object"]) == 200
    assert row["who"] == "r\ufffdoot" and "\x1b" not in row["detail"]


def test_by_user(tmp_path, box):
    """A process of another user: known by the kernel's word, refused, on record."""
    for folder in (tmp_path, *(above for above in tmp_path.parents if above.name.startswith(("pytest-", "popen-")))):
        folder.chmod(0o755)
    box.path.chmod(0o666)
    code = (
        "import os, socket, sys; os.setgroups([65534]); os.setgid(65534); os.setuid(65534);"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        's.sendall(b\'{"method": "echo"}\\n\'); print(s.makefile().readline())'
    )
    done = subprocess.run([sys.executable, "-c", code, str(box.path)], capture_output=True, text=True, check=True)
    assert "nobody has no role here" in done.stdout
    assert rows(box, "who", "uid", "outcome") == [("nobody", 65534, "denied")]


def test_for_whom_a_program_asks(box, monkeypatch):
    """An administrator's program says for whom it asks; anybody else's is not believed."""
    asked = b'{"method": "calls", "by": "web user Ann"}'
    assert box.client().raw(asked)["result"] == [""]
    assert rows(box, "who") == [("web user Ann",)]
    box.become(Role.OPERATOR, monkeypatch)
    box.client().raw(asked)
    assert rows(box, "who")[-1] == ("root",)
    assert box.client().raw(b'{"method": "calls", "by": "a\\nb"}')["code"] == "bad-request"
