"""Strangers on the AGI and AMI ports, while calls go on: they are told nothing, cost little, and change nothing."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable

import pytest
from journeys.faults import DAEMON, channels, log_since, same_daemon, served, wait_log
from journeys.pbx import Pbx
from rig import wait_for
from rig.net import in_namespace

TOKEN = "/var/lib/jackfield/asterisk/secrets.toml"


def connect(pbx: Pbx, port: int) -> socket.socket:
    """A connection from within the machine, where alone the ports are open."""

    def make() -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        sock.settimeout(10)
        return sock

    return in_namespace(pbx.node.party.netns, make)


def answer_to(pbx: Pbx, data: bytes, port: int = 4573, close: bool = False) -> bytes:
    """What a stranger gets for these bytes until the daemon hangs up."""
    with connect(pbx, port) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(data)
            if close:
                time.sleep(0.5)  # what is closed before it is accepted was given up, and is closed without a word
                sock.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionError):
            while chunk := sock.recv(65536):
                got += chunk
        return got


def environment(script: str, *arguments: str, **more: str) -> bytes:
    """An AGI environment as Asterisk sends it."""
    values = {
        "agi_request": f"agi://127.0.0.1:4573/{script}",
        "agi_network": "yes",
        "agi_network_script": script,
        "agi_channel": "PJSIP/carrier-00000fff",
        "agi_uniqueid": "1.1",
        "agi_callerid": "5551",
        "agi_calleridname": "Ann",
        "agi_extension": "5550100",
        "agi_context": "jf-trunk",
        **{f"agi_arg_{n + 1}": value for n, value in enumerate(arguments)},
        **more,
    }
    return "".join(f"{key}: {value}\n" for key, value in values.items()).encode() + b"\n"


def token(pbx: Pbx) -> str:
    """The secret that only Asterisk's dialplan knows."""
    line = next(line for line in pbx.node.read_file(TOKEN).splitlines() if line.startswith("agi_token"))
    return line.partition("=")[2].strip().strip('"')


STRANGERS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "agi.malformed"),
    "half a line": (b"agi_netw", "agi.malformed"),
    "half an environment": (environment("trunk", "x")[:-20], "agi.malformed"),
    "not AGI": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n", "agi.malformed"),
    "NULs and bytes": (bytes(range(256)) * 4 + b"\n\n", "agi.malformed"),
    "no channel": (b"agi_network: yes\nagi_network_script: trunk\n\n", "agi.malformed"),
    "no token": (environment("trunk"), "stranger"),
    "wrong token": (environment("trunk", "0" * 32, "carrier"), "stranger"),
    "non-ASCII token": (environment("trunk", "пароль", "carrier"), "stranger"),
    "resume without token": (environment("resume", "", "ivr:main", "AAAA"), "stranger"),
    "talks on": (environment("trunk", "x") + b"200 result=1\n" * 50, "agi.malformed"),
    "a megabyte": (b"agi_x: " + b"a" * 1_000_000 + b"\n\n", "agi.malformed"),
    "a megabyte of lines": (b"agi_x: y\n" * 110_000 + b"\n", "agi.malformed"),
}


def test_strangers_on_the_agi_port(pbx: Pbx) -> None:
    """Each is shut out without a word, within seconds, and the log says that it was there."""
    pid = pbx.node.main_pid(DAEMON)
    for what, (data, said) in STRANGERS.items():
        before = time.monotonic()
        assert answer_to(pbx, data, close=True) == b"", what
        assert time.monotonic() - before < 9, f"{what}: held for long"
        wait_log(pbx, before - 0.3, said)
    same_daemon(pbx, pid)
    wait_for(lambda: pbx.ask("status")["agi_threads"] == 0, 10, "all threads to be given back")
    assert pbx.ask("calls") == []
    served(pbx)


def test_asterisks_own_token_with_bad_contents(pbx: Pbx) -> None:
    """Who has the token but sends nonsense: no script of ours, a broken checkpoint, answers that are none."""
    pid, key = pbx.node.main_pid(DAEMON), token(pbx)
    assert len(key) >= 16
    begun = time.monotonic()
    assert answer_to(pbx, environment("../../etc/passwd", key, "carrier")) == b""
    wait_log(pbx, begun - 0.3, "no AGI script")
    with connect(pbx, 4573) as sock:  # an answer without end
        sock.sendall(environment("trunk", key, "carrier", agi_uniqueid="2.2"))
        assert sock.recv(100)
        with contextlib.suppress(OSError):
            sock.sendall(b"2" * 200_000)
            while sock.recv(65536):
                pass
    for uniqueid, reply in (("3.3", b"\x00\xff\n"), ("4.4", b"200 nonsense\n"), ("5.5", b"520-bad\n"), ("6.6", b"\n")):
        with connect(pbx, 4573) as sock:
            sock.sendall(environment("trunk", key, "carrier", agi_uniqueid=uniqueid))
            with contextlib.suppress(OSError):
                while sock.recv(65536):
                    sock.sendall(reply)
    for packed in ("%%%%", "AAAA", "W10", "e30" * 2000, "'; drop table call"):
        sock = connect(pbx, 4573)
        sock.sendall(environment("resume", key, "ivr:main", packed, "", "carrier", agi_uniqueid=f"7.{len(packed)}"))
        sock.settimeout(1)
        with contextlib.suppress(OSError):
            sock.recv(65536)
        sock.close()
    same_daemon(pbx, pid)
    wait_for(lambda: pbx.ask("calls") == [], 15, "the end of calls that never were")
    wait_for(lambda: pbx.ask("status")["agi_threads"] == 0, 10, "all threads to be given back")
    served(pbx)


def test_slow_strangers_do_not_keep_callers_out(pbx: Pbx) -> None:
    """200 connections that drip a byte a second, for ten seconds, while calls come and go."""
    pid, begun = pbx.node.main_pid(DAEMON), time.monotonic()
    with contextlib.ExitStack() as stack:
        dripping = [stack.enter_context(connect(pbx, 4573)) for _ in range(200)]
        for n in range(4):
            for sock in dripping:
                with contextlib.suppress(OSError):
                    sock.send(b"agi_"[n : n + 1])
            served(pbx)
        wait_for(lambda: pbx.ask("status")["agi_threads"] == 0, 20, "the strangers to be shut out")
    assert sum("agi.malformed" in line for line in log_since(pbx, begun - 0.5)) >= 200
    same_daemon(pbx, pid)


def test_strangers_on_the_ami_port(pbx: Pbx, talk: Callable[[], None]) -> None:
    """Wrong secrets, no log-in, megabytes, line noise: refused by Asterisk, and our own connection stays."""
    pid, begun = pbx.node.main_pid(DAEMON), time.monotonic()
    login = b"Action: Login\r\nUsername: jackfield\r\nSecret: wrong\r\n\r\n"
    with connect(pbx, 5038) as sock:
        sock.sendall(login)
        got = b""
        with contextlib.suppress(OSError):
            while b"failed" not in got and (chunk := sock.recv(4096)):
                got += chunk
        assert b"Authentication failed" in got
    with connect(pbx, 5038) as sock:
        sock.sendall(b"Action: Originate\r\nChannel: PJSIP/201\r\nApplication: System\r\nData: id\r\n\r\n")
        sock.settimeout(3)
        got = b""
        with contextlib.suppress(OSError):
            while chunk := sock.recv(4096):
                got += chunk
        assert b"Success" not in got
    for rubbish in (b"\x00" * 4096 + b"\r\n\r\n", b"A: b\r\n" * 5000, b"x" * 1_000_000):
        with connect(pbx, 5038) as sock, contextlib.suppress(OSError):
            sock.sendall(rubbish)
    assert not any("ami.down" in line or "ami.lost" in line for line in log_since(pbx, begun))
    assert pbx.is_ready()
    talk()
    same_daemon(pbx, pid)


def test_ports_are_closed_to_the_network(pbx: Pbx) -> None:
    """AGI, AMI and Asterisk's HTTP are not there for other machines."""
    stranger = pbx.run.network.parties.get("stranger") or pbx.run.party("stranger")
    for port in (4573, 5038, 8088, 6379):
        with stranger.socket() as sock:
            sock.settimeout(3)
            with pytest.raises(OSError):
                sock.connect((pbx.node.address, port))


def test_nonsense_on_the_control_socket(pbx: Pbx) -> None:
    """The daemon answers with an error, or not at all, and goes on."""
    pid = pbx.node.main_pid(DAEMON)
    path = str(pbx.node.path("/run/jackfield/control.sock"))
    for data in (
        b"\n",
        b"{}\n",
        b"[]\n",
        b"nonsense\n",
        b'{"method": 7}\n',
        b'{"method": "__init__"}\n',
        b'{"method": "calls", "params": 3}\n',
        b'{"method": "calls", "params": {"x": 1}}\n',
        b"\xff\x00\n",
        b"[" * 100_000 + b"\n",
        b"x" * 3_000_000 + b"\n",
    ):
        with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
            sock.settimeout(10)
            sock.connect(path)
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            with sock.makefile("rb") as stream:
                line = stream.readline()
            assert not line or "error" in json.loads(line), (data[:40], line[:200])
    same_daemon(pbx, pid)
    assert pbx.is_ready() and channels(pbx) == []
