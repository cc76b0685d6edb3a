"""Client of the control socket."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from jackfield.control.protocol import VERSION, Code
from jackfield.errors import CommandFailed, NotConnected, SiteError


class Denied(CommandFailed):
    """The caller's role does not allow it."""


def socket_path() -> Path:
    """Where the daemon listens: `$JACKFIELD_CONTROL`, else /run/jackfield/control.sock."""
    return Path(os.environ.get("JACKFIELD_CONTROL", "/run/jackfield/control.sock"))


def request(
    method: str,
    *,
    seconds: float = 30.0,
    path: Path | None = None,
    by: str | None = None,
    tongue: str = "",
    **params: Any,
) -> Any:
    """Ask the daemon.

    Args:
        method: as in `status`; `describe` tells all.
        seconds: how long to wait for the answer.
        path: the socket; by default `socket_path()`.
        by: the person for whom it is asked; only an administrator's process may say so.
        tongue: language of the texts in the answer; English if left out.
        params: the method's parameters, plain JSON.

    Raises:
        NotConnected: no daemon is there, or it does not answer.
        SiteError: the daemon refused, with a list of mistakes.
        Denied: the caller's role does not allow it.
        CommandFailed: the daemon refused for another reason; the message says why.
    """
    with _connected(path, seconds) as stream:
        _ask(stream, method, params, by, tongue)
        return _answer(stream, path)


def events(topics: list[str], *, path: Path | None = None) -> Iterator[dict[str, Any]]:
    """Live events, as long as the daemon sends them. Raises as `request`."""
    with Subscription(topics, path=path) as subscription:
        yield from subscription


class Subscription:
    """Live events over a connection of its own, which another thread may close. Use it in a `with` block.

    Raises:
        NotConnected: as `request`; while it is read, that the connection broke.
    """

    def __init__(self, topics: list[str], *, path: Path | None = None) -> None:
        """From here on no event is missed: ask for the present state after this."""
        self._path = path
        self._sock = _connect(path or socket_path(), None)
        self._stream = self._sock.makefile("rwb")
        try:
            _ask(self._stream, "events.subscribe", {"topics": topics})
            _answer(self._stream, path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        with suppress(OSError):
            self._stream.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Events until the daemon or `close` ends them; what only tells that the daemon lives is left out."""
        while line := self._line():
            event = json.loads(line)
            if event.get("event") != "alive":
                yield event

    def close(self) -> None:
        """End it; who waits for an event in another thread gets no more."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _line(self) -> bytes:
        try:
            return self._stream.readline()
        except (OSError, ValueError) as error:
            raise NotConnected(f"the live events of {self._path or socket_path()} broke off: {error}") from error


@contextmanager
def _connected(path: Path | None, seconds: float | None) -> Iterator[io.BufferedRWPair]:
    where = path or socket_path()
    with _connect(where, seconds) as sock:
        try:
            with sock.makefile("rwb") as stream:
                yield stream
        except OSError as error:
            raise _unreachable(where, error) from error


def _connect(where: Path, seconds: float | None) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Not settimeout: a socket that does not block cannot wait for a place in the daemon's queue.
        limit = struct.pack("ll", int(seconds or 30), 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        sock.connect(str(where))
        sock.settimeout(seconds)
    except OSError as error:
        sock.close()
        raise _unreachable(where, error) from error
    return sock


def _unreachable(where: Path, error: OSError) -> NotConnected:
    return NotConnected(
        f"jackfieldd does not answer on {where}: {error}. Is it running? See: systemctl status jackfieldd"
    )


def _ask(
    stream: io.BufferedRWPair, method: str, params: dict[str, Any], by: str | None = None, tongue: str = ""
) -> None:
    person = {key: value for key, value in (("by", by), ("language", tongue)) if value}
    stream.write(json.dumps({"v": VERSION, "method": method, "params": params, **person}).encode() + b"\n")
    stream.flush()


def _answer(stream: io.BufferedRWPair, path: Path | None) -> Any:
    line = stream.readline()
    if not line:
        raise NotConnected(
            f"jackfieldd closed {path or socket_path()} without an answer; see: journalctl -u jackfieldd"
        )
    answer = json.loads(line)
    if "error" not in answer:
        return answer["result"]
    if problems := answer.get("problems"):
        raise SiteError(problems)
    raise (Denied if answer.get("code") == Code.DENIED else CommandFailed)(answer["error"])
