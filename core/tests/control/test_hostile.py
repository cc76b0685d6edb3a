"""Clients that send rubbish, half lines and huge ones, never read, or come in hundreds: others are served on."""

import json
import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.control import server
from jackfield.control.method import Role
from jackfield.control.protocol import Refusal, parse


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[1]", b"1", b'{"method": 5}', b'{"method": "echo", "params": []}', b"\xff", b"[" * 100000,
     b'{"method": "echo", "params": {"text": NaN}}', b'{"method": "echo", "id": {}}', b"9" * 5000, b"\x00",
     b'{"method": "echo", "id": "' + b"x" * 300 + b'"}'],
)  # fmt: skip
def test_rubbish_is_answered(box, line):
    client = box.client()
    answer = client.raw(line)
    assert answer["code"] == "bad-request" and answer["error"]
    assert client.ask("echo", text="still here") == "still here"


keys = st.sampled_from(["v", "id", "method", "params", "x"])
plain = st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers()
nested = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=8
)


@given(st.binary(max_size=300) | nested.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=400)
def test_whatever_comes_is_a_request_or_refused(line):
    try:
        request = parse(line)
    except Refusal as refusal:
        assert str(refusal)
    else:
        assert isinstance(request.method, str) and isinstance(request.params, dict)


def test_a_huge_line_ends_the_connection(box, monkeypatch):
    box.become(Role.OPERATOR, monkeypatch)
    client = box.client()
    with pytest.raises(OSError):
        for _ in range(100):
            client.sock.sendall(b"x" * 65536)
            time.sleep(0.005)
        client.sock.sendall(b"\n")
    assert box.client().ask("echo", text="on") == "on"


def test_administrators_may_send_a_whole_site(box):
    text = "界" * 3_000_000
    assert len(box.client().ask("echo", text=text)) == len(text)


def test_half_a_line_is_not_waited_for_forever(box, monkeypatch):
    monkeypatch.setattr(server, "LINE_SECONDS", 0.3)
    client = box.client()
    for byte in b'{"method"':  # a byte at a time does not buy time
        client.sock.sendall(bytes([byte]))
        time.sleep(0.02)
    assert "did not end" in client.read()["error"]
    assert client.read() is None


def test_silence_is_not_waited_for_forever(box, monkeypatch):
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)
    assert box.client().read() is None


def test_two_requests_in_one_packet(box):
    client = box.client()
    line = b'{"method": "echo", "params": {"text": "a"}}\n'
    client.sock.sendall(line + line + line[:10])
    assert [client.read()["result"], client.read()["result"]] == ["a", "a"]
    client.sock.sendall(line[10:])
    assert client.read()["result"] == "a"


def test_a_client_that_never_reads(box, monkeypatch):
    monkeypatch.setattr(server, "SEND_SECONDS", 0.3)
    client = box.client()
    client.sock.settimeout(5)
    asked = json.dumps({"method": "echo", "params": {"text": "x" * 500_000}}).encode() + b"\n"
    with pytest.raises(OSError):
        for _ in range(50):
            client.sock.sendall(asked)
    deadline = time.monotonic() + 5
    while box.api.server.connections:
        assert time.monotonic() < deadline, "the connection is kept"
        time.sleep(0.01)
    assert box.client().ask("echo", text="on") == "on"


def test_a_hundred_connections(box):
    """One user gets so many and no more; each further one is told; when they go, there is room again."""
    clients = [box.client() for _ in range(100)]
    told = [client.read() for client in clients[server.MAX_PER_USER :]]
    assert {answer["code"] for answer in told} == {"busy"}
    assert [c.ask("echo", text="x") for c in clients[: server.MAX_PER_USER]] == ["x"] * server.MAX_PER_USER
    for client in clients:
        client.close()
    deadline = time.monotonic() + 5
    while box.api.server.connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert box.client().ask("echo", text="on") == "on"


def test_gone_before_the_answer(box):
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(box.path))
            sock.sendall(b'{"method": "echo"}\n')
    assert box.client().ask("echo", text="on") == "on"
