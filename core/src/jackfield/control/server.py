"""Server of the control socket: one JSON request a line, one JSON answer a line.

Who may speak is told by the kernel: root, the daemon's own user, and members of the daemon's group (the socket's mode).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from jackfield.errors import JackfieldError

log = structlog.get_logger(__name__)
MAX_REQUEST = 1 << 20
Method = Callable[..., Any]


class ControlServer:
    """Answers requests, a thread each connection."""

    def __init__(self, path: Path, methods: Mapping[str, Method]) -> None:
        self._path = path
        self._methods = dict(methods)
        self._sock: socket.socket | None = None

    def start(self) -> None:
        """Listen; a socket file left by a daemon that is gone is replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(str(self._path))
        self._path.chmod(0o660)
        sock.listen(64)
        self._sock = sock
        threading.Thread(target=self._accept, args=(sock,), name="control-accept", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._sock is not None:
            self._sock.close()
            self._path.unlink(missing_ok=True)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), name="control", daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(60.0)
        try:
            with sock, sock.makefile("rwb") as stream:
                while line := stream.readline(MAX_REQUEST):
                    stream.write(json.dumps(self.answer(line), ensure_ascii=False, default=str).encode() + b"\n")
                    stream.flush()
        except OSError as error:
            log.debug("control.left", error=str(error))

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one request; a bad one is answered, never raised."""
        try:
            asked = json.loads(line)
            method, params = asked["method"], asked.get("params", {})
            if not isinstance(method, str) or not isinstance(params, dict):
                raise TypeError
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"error": 'not a request; write {"method": "status", "params": {}} on one line'}
        function = self._methods.get(method)
        if function is None:
            return {"error": f"no method {method[:60]!r}; there are: {', '.join(sorted(self._methods))}"}
        try:
            return {"result": function(**params)}
        except JackfieldError as error:
            return {"error": str(error)}
        except TypeError as error:
            return {"error": f"{method}: {error}"}
        except Exception as error:
            log.exception("control.failed", method=method)
            return {
                "error": f"{method} failed inside the daemon: {type(error).__name__}; see: journalctl -u jackfieldd"
            }
