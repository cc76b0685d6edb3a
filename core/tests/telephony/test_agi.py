"""AGI against a scripted peer: quoting, limits, hang-ups, malformed input."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import CallerHungUp, CommandFailed, ProtocolError, UnsafeValue
from jackfield.telephony.agi import MAX_LINE, AgiSession

ENVIRONMENT = (
    b"agi_network: yes\nagi_network_script: trunk\nagi_channel: PJSIP/carrier-00000001\nagi_uniqueid: 1.1\n"
    b"agi_callerid: 5551\nagi_calleridname: Ann\nagi_extension: 5550100\nagi_arg_1: token\nagi_arg_2: carrier\n\n"
)


def connect(environment: bytes = ENVIRONMENT) -> tuple[AgiSession, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.sendall(environment)
    return AgiSession(ours), theirs


def answered(reply: bytes, act) -> tuple[object, bytes]:
    session, peer = connect()
    seen: list[bytes] = []

    def play() -> None:
        seen.append(peer.recv(16384))
        peer.sendall(reply)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        return act(session), seen[0] if seen else b""
    finally:
        thread.join(2)


def parse_as_asterisk(line: bytes) -> list[bytes]:
    """Split a command as `parse_args` of res_agi.c does: quotes group, a backslash escapes."""
    words: list[bytes] = []
    current, quoted, escaped, started = b"", False, False, False
    for byte in (bytes([b]) for b in line):
        if escaped:
            current, escaped, started = current + byte, False, True
        elif byte == b"\\":
            escaped = True
        elif byte == b'"':
            quoted, started = not quoted, True
        elif byte in b" \t" and not quoted:
            if started:
                words.append(current)
            current, started = b"", False
        else:
            current, started = current + byte, True
    return [*words, current] if started else words


def test_environment_and_arguments() -> None:
    session, _ = connect()
    assert session.env["agi_uniqueid"] == "1.1"
    assert session.arguments == ["token", "carrier"]


@pytest.mark.parametrize(
    "environment",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n",
        b"agi_network: yes\n\n",
        b"agi_channel: x\nagi_uniqueid: 1\nno colon here\n\n",
        b"agi_channel: x\nagi_uniqueid: 1\nHANGUP\n\n",
        b"agi_x: " + b"a" * 20000,
        ENVIRONMENT + b"SET VARIABLE x y\n",
        ENVIRONMENT.replace(b"Ann", b"Ann\nagi_network_script: resume\nagi_callerid: 1"),
        b"\x00\xff\xfe\n\n",
    ],
)
def test_malformed_environment_is_refused(environment: bytes) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(environment)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ProtocolError):
        AgiSession(ours)


def test_environment_that_is_not_utf8_is_taken() -> None:
    session, _ = connect(ENVIRONMENT.replace(b"Ann", b"M\xfcller \xff"))
    assert "ller" in session.env["agi_calleridname"]


@given(st.text(max_size=300))
def test_quoting_survives_asterisks_parser(value: str) -> None:
    session, peer = connect()
    peer.sendall(b"200 result=1\n")
    try:
        session.set_variable("X", value)
    except UnsafeValue:
        assert not value.isprintable()
        return
    except UnicodeEncodeError:
        return
    line = peer.recv(16384)
    assert line.count(b"\n") == 1
    assert parse_as_asterisk(line.rstrip(b"\n")) == [b"SET", b"VARIABLE", b"X", value.encode()]


@pytest.mark.parametrize("value", ["a\nHANGUP", "a\rb", "a\x00b", "\x1b[2J"])
def test_control_characters_never_go_out(value: str) -> None:
    session, peer = connect()
    with pytest.raises(UnsafeValue):
        session.set_variable("X", value)
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.recv(100)


def test_a_line_over_the_limit_is_refused() -> None:
    session, _ = connect()
    with pytest.raises(UnsafeValue):
        session.set_variable("X", "a" * MAX_LINE)


def test_results_with_data_and_keys() -> None:
    value, line = answered(b"200 result=1 (a (b) c)\n", lambda s: s.get_variable("X"))
    assert (value, line) == ("a (b) c", b'GET VARIABLE "X"\n')
    key, _ = answered(b"200 result=53 endpos=8000\n", lambda s: s.stream_file("welcome", "0123456789"))
    assert key == "5"


def test_a_variable_that_says_hangup_is_no_hangup() -> None:
    value, _ = answered(b"200 result=1 (hangup)\n", lambda s: s.get_full_variable("${X}"))
    assert value == "hangup"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"511 Command Not Permitted on a dead channel or intercept routine\n", CallerHungUp),
        (b"510 Invalid or unknown command\n", CommandFailed),
        (b"520-Invalid command syntax.\nUsage: x\n520 End of proper usage.\n", CommandFailed),
        (b"gibberish\n", ProtocolError),
    ],
)
def test_refusals(reply: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        answered(reply, lambda s: s.answer())


def test_minus_one_with_a_live_channel_is_a_failure() -> None:
    with pytest.raises(CommandFailed):
        answered(b"200 result=-1 endpos=0\n200 result=6\n", lambda s: s.stream_file("missing"))


def test_minus_one_without_a_channel_is_a_hangup() -> None:
    with pytest.raises(CallerHungUp):
        answered(b"200 result=-1\nHANGUP\n511 dead\n", lambda s: s.stream_file("welcome"))


def test_waiting_ends_by_wake_time_or_hangup() -> None:
    session, peer = connect()
    wake = os.eventfd(0)
    assert session.wait(wake, 0.01) is False
    os.eventfd_write(wake, 1)
    assert session.wait(wake, 1) is True
    os.eventfd_read(wake)
    peer.sendall(b"HANGUP\n")
    with pytest.raises(CallerHungUp):
        session.wait(wake, None)


def test_a_cut_session_ends_a_blocked_verb() -> None:
    session, _peer = connect()
    threading.Timer(0.05, session.cut).start()
    with pytest.raises(CallerHungUp):
        session.answer()


def test_an_idle_session_says_since_when() -> None:
    session, _ = connect()
    assert session.busy_since is None
    assert session.idle_since <= time.monotonic()
