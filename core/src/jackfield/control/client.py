"""Client of the control socket."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from jackfield.errors import CommandFailed, NotConnected


def socket_path() -> Path:
    """Where the daemon listens: `$JACKFIELD_CONTROL`, else /run/jackfield/control.sock."""
    return Path(os.environ.get("JACKFIELD_CONTROL", "/run/jackfield/control.sock"))


def request(method: str, *, seconds: float = 30.0, path: Path | None = None, **params: Any) -> Any:
    """Ask the daemon.

    Args:
        method: as in `status`; see `control/server.py`.
        seconds: how long to wait for the answer.
        path: the socket; by default `socket_path()`.
        params: the method's parameters, plain JSON.

    Raises:
        NotConnected: no daemon is there, or it does not answer.
        CommandFailed: the daemon refused; the message says why.
    """
    where = path or socket_path()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(seconds)
        try:
            sock.connect(str(where))
            sock.sendall(json.dumps({"method": method, "params": params}).encode() + b"\n")
            with sock.makefile("rb") as stream:
                line = stream.readline()
        except OSError as error:
            raise NotConnected(
                f"jackfieldd does not answer on {where}: {error}. Is it running? See: systemctl status jackfieldd"
            ) from error
    if not line:
        raise NotConnected(f"jackfieldd closed {where} without an answer; you may lack the right to speak to it")
    answer = json.loads(line)
    if "error" in answer:
        raise CommandFailed(answer["error"])
    return answer["result"]
