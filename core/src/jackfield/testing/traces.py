"""Replay of recorded manager streams, and the recording of one.

A trace is the byte stream of one manager session as Asterisk sent it, with the greeting or without, packed by xz when
its name ends so. `record_trace` writes one from a live Asterisk; `replay` puts one through a registry.
"""

from __future__ import annotations

import lzma
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from jackfield.calls.channels import Channel
from jackfield.calls.registry import Registry
from jackfield.telephony.ami import GREETING
from jackfield.telephony.events import Message, Splitter

_CHUNK = 262144


@dataclass
class Told:
    """A listener of the registry that notes what it is told."""

    dialled: list[Channel] = field(default_factory=list)
    answered: list[Channel] = field(default_factory=list)
    ended: list[Channel] = field(default_factory=list)
    moved: list[Channel] = field(default_factory=list)
    busy: dict[str, bool] = field(default_factory=dict)
    reachable: dict[str, bool] = field(default_factory=dict)
    merged: int = 0

    def channel_dialled(self, channel: Channel) -> None:
        """A channel is being called."""
        self.dialled.append(channel)

    def channel_answered(self, channel: Channel) -> None:
        """It has answered."""
        self.answered.append(channel)

    def channel_ended(self, channel: Channel) -> None:
        """It is gone."""
        self.ended.append(channel)

    def channel_moved(self, channel: Channel, before: Channel) -> None:
        """It belongs to another call now."""
        self.moved.append(channel)

    def channel_held(self, channel: Channel) -> None:
        """It has put its other side on hold, or taken it back."""

    def channels_merged(self, message: Message) -> None:
        """An attended transfer."""
        self.merged += 1

    def phone_changed(self, endpoint: str, busy: bool) -> None:
        """A phone became busy or free."""
        self.busy[endpoint] = busy

    def phone_reachable(self, endpoint: str, reachable: bool) -> None:
        """A phone came or went."""
        self.reachable[endpoint] = reachable


def messages(trace: Path) -> Iterator[Message]:
    """Every message of a trace, in order.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no trace.
    """
    splitter = Splitter()
    with _open(trace) as stream:
        first = stream.readline(1024)
        if not first.startswith((GREETING, b"Event: ", b"Response: ")):
            raise ValueError(f"{trace} is no trace: it begins neither with Asterisk's greeting nor with a message")
        if not first.startswith(GREETING):
            splitter.feed(first)
        while chunk := stream.read(_CHUNK):
            for raw in splitter.feed(chunk):
                yield Message(raw)


def replay(trace: Path, listener: Told | None = None, limit: int | None = None) -> tuple[Registry, Told, int]:
    """Put the events of a trace through a registry, as fast as it takes them.

    Args:
        trace: the file.
        listener: who is told; by default one that notes everything.
        limit: so many events at most.

    Returns:
        The registry as it is at the end, the listener, and how many events there were.
    """
    told = listener or Told()
    registry, count = Registry(told), 0
    for message in messages(trace):
        name = message.event
        if name:
            registry.event(name, message)
            count += 1
            if count == limit:
                break
    return registry, told, count


def record_trace(
    target: Path, port: int, username: str, secret: str, until: Callable[[], bool], host: str = "127.0.0.1"
) -> int:
    """Write what a manager says to `target`, until `until()` (asked at each event, and once a second); its bytes.

    Raises:
        OSError: no connection, or the file cannot be written.
        PermissionError: the log-in was refused.
    """
    login = f"Action: Login\r\nUsername: {username}\r\nSecret: {secret}\r\nEvents: on\r\n\r\n"
    written, head = 0, b""
    with socket.create_connection((host, port), timeout=5.0) as sock, _open(target, "wb") as stream:
        sock.sendall(login.encode())
        sock.settimeout(1.0)
        asked = False
        while True:
            if not asked and until():
                sock.sendall(b"Action: Logoff\r\n\r\n")  # what is on its way still comes, then the end
                asked = True
            try:
                data = sock.recv(_CHUNK)
            except TimeoutError:
                continue
            if not data:
                break
            head = (head + data)[:4096]
            if b"Message: Authentication failed" in head:
                raise PermissionError(f"{host}:{port} refused the log-in of {username}")
            stream.write(data)
            written += len(data)
    return written


def _open(path: Path, mode: str = "rb") -> IO[bytes]:
    return lzma.open(path, mode) if path.suffix == ".xz" else path.open(mode)  # type: ignore[return-value]
