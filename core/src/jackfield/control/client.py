"""Client of the control socket."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    language: str = "",
    **params: Any,
) -> Any:
    """Ask the daemon.

    Args:
        method: as in `status`; `describe` tells all.
        seconds: how long to wait for the answer.
        path: the socket; by default `socket_path()`.
        by: the person for whom it is asked; only an administrator's process may say so.
        language: of the texts in the answer; English if left out.
        params: the method's parameters, plain JSON.

    Raises:
        NotConnected: no daemon is there, or it does not answer.
        SiteError: the daemon refused, with a list of mistakes.
        Denied: the caller's role does not allow it.
        CommandFailed: the daemon refused for another reason; the message says why.
    """
    with _connected(path, seconds) as stream:
        _ask(stream, method, params, by, language)
        return _answer(stream, path)


def events(topics: list[str], *, path: Path | None = None) -> Iterator[dict[str, Any]]:
    """Live events, as long as the daemon sends them. Raises as `request`."""
    with _connected(path, None) as stream:
        _ask(stream, "events.subscribe", {"topics": topics})
        _answer(stream, path)
        while line := stream.readline():
            event = json.loads(line)
            if event.get("event") != "alive":
                yield event


@contextmanager
def _connected(path: Path | None, seconds: float | None) -> Iterator[io.BufferedRWPair]:
    where = path or socket_path()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            # Not settimeout: a socket that does not block cannot wait for a place in the daemon's queue.
            limit = struct.pack("ll", int(seconds or 30), 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            sock.connect(str(where))
            sock.settimeout(seconds)
            with sock.makefile("rwb") as stream:
                yield stream
        except OSError as error:
            raise NotConnected(
                f"jackfieldd does not answer on {where}: {error}. Is it running? See: systemctl status jackfieldd"
            ) from error


def _ask(
    stream: io.BufferedRWPair, method: str, params: dict[str, Any], by: str | None = None, language: str = ""
) -> None:
    person = {key: value for key, value in (("by", by), ("language", language)) if value}
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
