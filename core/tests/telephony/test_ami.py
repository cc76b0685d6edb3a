"""AMI against a scripted peer on a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from jackfield.errors import CommandFailed, NotConnected, UnsafeValue
from jackfield.telephony.ami import AmiClient
from jackfield.telephony.events import Message, Splitter


class Peer:
    """A manager that answers as `answer(headers) -> bytes` says."""

    def __init__(self, answer: Callable[[dict[str, str]], bytes]) -> None:
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(sock)
            sock.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock: socket.socket) -> None:
        splitter = Splitter()
        try:
            while data := sock.recv(65536):
                for raw in splitter.feed(data):
                    sock.sendall(self.answer(dict(Message(raw))))
        except OSError:
            pass

    def drop(self) -> None:
        for sock in self.connections:
            sock.shutdown(socket.SHUT_RDWR)


def good(headers: dict[str, str]) -> bytes:
    identity = f"ActionID: {headers.get('ActionID', '')}\r\n".encode()
    if headers["Action"] == "Login" and headers["Secret"] != "right":
        return b"Response: Error\r\n" + identity + b"Message: Authentication failed\r\n\r\n"
    if headers["Action"] == "List":
        return (
            b"Response: Success\r\n" + identity + b"EventList: start\r\nMessage: will follow\r\n\r\n"
            b"Event: Hangup\r\nUniqueid: other\r\n\r\n"
            b"Event: Row\r\n" + identity + b"Name: a\r\n\r\nEvent: Row\r\n" + identity + b"Name: b\r\n\r\n"
            b"Event: ListComplete\r\n" + identity + b"EventList: Complete\r\nListItems: 2\r\n\r\n"
        )
    if headers["Action"] == "Bad":
        return b"Response: Error\r\n" + identity + b"Message: No such thing\r\n\r\n"
    return b"Response: Success\r\n" + identity + b"Message: ok\r\n\r\n"


def client(peer: Peer, secret: str = "right", **more) -> AmiClient:
    return AmiClient("127.0.0.1", peer.port, "jackfield", secret, **more)


def test_login_actions_and_lists() -> None:
    events: list[str] = []
    ami = client(Peer(good), on_event=lambda name, message: events.append(name))
    ami.connect()
    assert ami.action("Ping").ok
    rows = ami.action("List").events
    assert [row["Name"] for row in rows] == ["a", "b"]
    assert events == ["Hangup"]
    with pytest.raises(CommandFailed, match="No such thing"):
        ami.action("Bad")
    ami.close()


def test_wrong_secret_and_wrong_server() -> None:
    with pytest.raises(NotConnected, match="Authentication"):
        client(Peer(good), "wrong").connect()
    stranger = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: stranger.accept()[0].sendall(b"SSH-2.0-OpenSSH\r\n"), daemon=True).start()
    with pytest.raises(NotConnected, match="not Asterisk"):
        AmiClient("127.0.0.1", stranger.getsockname()[1], "a", "b").connect()


def test_line_breaks_never_go_out() -> None:
    ami = client(Peer(good))
    ami.connect()
    with pytest.raises(UnsafeValue):
        ami.action("Setvar", Value="a\r\nAction: Originate")
    with pytest.raises(UnsafeValue):
        ami.action("Setvar", Value="a" * 2000)
    assert ami.action("Ping").ok


def test_responses_are_matched_by_id_not_by_order() -> None:
    held: list[bytes] = []

    def swap(headers: dict[str, str]) -> bytes:
        if headers["Action"] in ("Login", "Ping"):
            return good(headers)
        identity, name = headers["ActionID"].encode(), headers["Action"].encode()
        held.append(b"Response: Success\r\nActionID: %s\r\nMessage: %s\r\n\r\n" % (identity, name))
        return held[1] + held[0] if len(held) == 2 else b""

    ami = client(Peer(swap))
    ami.connect()
    answers: dict[str, str] = {}
    threads = [threading.Thread(target=lambda n=n: answers.update({n: ami.action(n).message})) for n in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert answers == {"One": "One", "Two": "Two"}


def test_reconnects_and_fails_what_was_pending() -> None:
    peer = Peer(lambda h: b"" if h["Action"] == "Mute" else good(h))
    ups: list[float] = []
    downs: list[float] = []
    ami = client(
        peer,
        on_event=lambda *_: None,
        on_up=lambda: ups.append(time.monotonic()),
        on_down=lambda: downs.append(time.monotonic()),
    )
    ami.start()
    assert ami.up.wait(5)
    threading.Timer(0.1, peer.drop).start()
    with pytest.raises(NotConnected):
        ami.action("Mute")
    deadline = time.monotonic() + 10
    while len(ups) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (len(ups), len(downs)) == (2, 1)
    ami.stop()


def test_an_event_handler_that_fails_does_not_stop_the_reader() -> None:
    ami = client(Peer(good), on_event=lambda *_: 1 / 0)
    ami.connect()
    assert len(ami.action("List").events) == 2
    assert ami.action("Ping").ok


def test_a_keep_alive_finds_a_silent_peer() -> None:
    peer = Peer(lambda h: good(h) if h["Action"] == "Login" else b"")
    downs: list[int] = []
    ami = client(peer, on_event=lambda *_: None, on_down=lambda: downs.append(1), keep_alive=0.2)
    ami.start()
    assert ami.up.wait(5)
    deadline = time.monotonic() + 10
    while not downs and time.monotonic() < deadline:
        time.sleep(0.01)
    assert downs
    ami.stop()


def test_messages() -> None:
    message = Message(
        b"Event: Status\r\nChannel: PJSIP/a-1\r\nVariable: JF_AT=queue:sales\r\nVariable: JF_STATE=ab=c\r\nX:"
    )
    assert message.event == "Status"
    assert message["Channel"] == "PJSIP/a-1"
    assert message["X"] == ""
    assert message.variables() == {"JF_AT": "queue:sales", "JF_STATE": "ab=c"}
    assert Message(b"Response: Success\r\nOutput: a\r\nOutput: b").output() == ["a", "b"]
    assert Message(b"\xff\xfe").event == ""


@pytest.mark.parametrize("cut", range(1, 30, 3))
def test_splitter_takes_any_cut(cut: int) -> None:
    data = b"Event: A\r\nX: 1\r\n\r\nEvent: B\r\n\r\nEvent: C\r\n\r\n"
    splitter = Splitter()
    found = [m for i in range(0, len(data), cut) for m in splitter.feed(data[i : i + cut])]
    assert found == [b"Event: A\r\nX: 1", b"Event: B", b"Event: C"]


def test_splitter_has_a_limit() -> None:
    with pytest.raises(ValueError, match="1000"):
        Splitter(1000).feed(b"a" * 2000)
