"""Server of the control socket: a thread a connection, hostile clients bounded in number, size and time."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import structlog
from pydantic import ValidationError

from jackfield import i18n
from jackfield.control import protocol
from jackfield.control.access import Access
from jackfield.control.audit import AuditLog, Line, Outcome
from jackfield.control.method import Caller, Method, Role
from jackfield.control.protocol import Code, Refusal, Request
from jackfield.control.stream import Stream
from jackfield.errors import JackfieldError

log = structlog.get_logger(__name__)
MAX_REQUEST = 64 * 1024
MAX_ADMIN_REQUEST = 24 * 1024 * 1024
"""Bytes of one line: a site file of 8 MB may have each of its bytes escaped."""
MAX_CONNECTIONS, MAX_PER_USER = 200, 40
LINE_SECONDS, IDLE_SECONDS, SEND_SECONDS = 30.0, 300.0, 10.0
Methods = Callable[[], Mapping[str, Method]]


class ControlServer:
    """Answers requests. `methods()` is asked at every request: plugins come and go."""

    def __init__(
        self,
        path: Path,
        methods: Methods,
        access: Access,
        audit: AuditLog,
        on_failure: Callable[[Method, Exception], None] = lambda method, error: None,
    ) -> None:
        """Nothing listens yet. `on_failure` is told of a method that raised what is no refusal."""
        self._path, self._methods, self._access, self._audit = path, methods, access, audit
        self._on_failure = on_failure
        self._sock: socket.socket | None = None
        self._connections: Counter[int] = Counter()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen; a socket file left by a daemon that is gone is replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(str(self._path))
        self._access.open_socket(self._path)
        sock.listen(128)
        self._sock = sock
        threading.Thread(target=self._accept, args=(sock,), name="control-accept", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._sock is not None:
            self._sock.close()
            self._path.unlink(missing_ok=True)

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._connections.total()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            try:
                self._take(sock)
            except (OSError, RuntimeError) as error:  # gone again, or no thread to be had
                log.debug("control.left", error=str(error))
                sock.close()

    def _take(self, sock: socket.socket) -> None:
        uid = self._access.uid(sock)
        with self._lock:
            full = self.connections >= MAX_CONNECTIONS or self._connections[uid] >= MAX_PER_USER
            if not full:
                self._connections[uid] += 1
        if full:
            text = f"user {uid} has {MAX_PER_USER} connections, or all {MAX_CONNECTIONS} are taken; close some"
            sock.setblocking(False)
            with sock:
                sock.send(protocol.error(Refusal(Code.BUSY, text), Code.BUSY))
            return
        try:
            threading.Thread(target=self._serve, args=(sock, uid), name="control", daemon=True).start()
        except RuntimeError:
            self._left(uid)
            raise

    # -- a connection ----------------------------------------------------------------------------------------------

    def _serve(self, sock: socket.socket, uid: int) -> None:
        try:
            with sock:
                self._converse(sock, self._access.caller(sock))
        except OSError as error:
            log.debug("control.left", error=str(error))
        finally:
            self._left(uid)

    def _left(self, uid: int) -> None:
        with self._lock:
            self._connections[uid] -= 1

    def _converse(self, sock: socket.socket, caller: Caller) -> None:
        try:
            for line in lines(sock, MAX_ADMIN_REQUEST if caller.role is Role.ADMIN else MAX_REQUEST):
                answer = self.answer(line, caller)
                if isinstance(answer, Stream):
                    _follow(sock, answer)
                    return
                _send(sock, answer)
        except Refusal as refusal:
            _send(sock, protocol.error(refusal, refusal.code))

    def answer(self, line: bytes, caller: Caller) -> bytes | Stream:
        """The answer to one request; a bad one is answered, never raised."""
        request: Request | None = None
        try:
            i18n.use("en")
            request = protocol.parse(line)
            i18n.use(request.language)
            if request.by and caller.role is Role.ADMIN:
                caller = replace(caller, name=request.by)
            method = self._method(request, caller)
            return self._call(method, request, caller)
        except Refusal as refusal:
            return protocol.error(refusal, refusal.code, request.id if request else refusal.identity)

    def _method(self, request: Request, caller: Caller) -> Method:
        """The method asked for, if the caller may call it."""
        if caller.role is None:
            self._audit.note(Line(caller.name, caller.uid, "-", outcome=Outcome.DENIED))
            raise Refusal(
                Code.DENIED,
                f"{caller.name} has no role here; an administrator can give one in [control] of jackfield.toml",
            )
        methods = self._methods()
        method = methods.get(request.method)
        if method is None:
            own = ", ".join(sorted(m.name for m in methods.values() if caller.role.covers(m.role)))
            raise Refusal(Code.UNKNOWN, f"no method {request.method[:60]!r}; there are: {own}")
        if not caller.role.covers(method.role):
            self._note(method, caller, Outcome.DENIED)
            needed, has = method.role.value, caller.role.value
            raise Refusal(Code.DENIED, f"{method.name} needs the role {needed}; {caller.name} is {has}")
        return method

    def _call(self, method: Method, request: Request, caller: Caller) -> bytes | Stream:
        shown = method.shown(request.params)
        try:
            value = method.call(request.params, caller)
        except ValidationError as error:
            self._note(method, caller, Outcome.REFUSED, shown, "bad parameters")
            return protocol.error(error, Code.BAD_PARAMS, request.id)
        except JackfieldError as error:
            self._note(method, caller, Outcome.REFUSED, shown, str(error))
            return protocol.error(error, error.code if isinstance(error, Refusal) else Code.REFUSED, request.id)
        except Exception as error:
            log.exception("control.failed", method=method.name)
            self._note(method, caller, Outcome.FAILED, shown, type(error).__name__)
            self._on_failure(method, error)
            return protocol.error(_failed(method, error), Code.FAILED, request.id)
        self._note(method, caller, Outcome.OK, shown)
        if isinstance(value, Stream):
            value.opening = protocol.result(request, {"topics": sorted(value.topics)})
            return value
        return protocol.result(request, value)

    def _note(self, method: Method, caller: Caller, outcome: Outcome, shown: str = "", detail: str = "") -> None:
        if method.personal or method.change or outcome is Outcome.DENIED:
            line = Line(caller.name, caller.uid, method.name, shown, method.personal, method.change, outcome, detail)
            self._audit.note(line)


def _failed(method: Method, error: Exception) -> Exception:
    why = f"{method.name} failed inside the daemon: {type(error).__name__}; see: journalctl -u jackfieldd"
    return JackfieldError(why)


def lines(sock: socket.socket, limit: int) -> Iterator[bytes]:
    """Lines that the peer sends, until it closes.

    Raises:
        Refusal: a line is longer than `limit` bytes, or takes longer than LINE_SECONDS.
        OSError: the peer is gone, or silent for IDLE_SECONDS.
    """
    buffer, searched, deadline = bytearray(), 0, 0.0
    while True:
        end = buffer.find(b"\n", searched)
        if end >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            searched, deadline = 0, 0.0
            yield line
            continue
        searched = len(buffer)
        if searched > limit:
            raise Refusal(Code.BAD_REQUEST, f"the line is longer than {limit} bytes")
        if buffer and not deadline:
            deadline = time.monotonic() + LINE_SECONDS
        sock.settimeout(max(0.001, deadline - time.monotonic()) if deadline else IDLE_SECONDS)
        try:
            chunk = sock.recv(1 << 16)
        except TimeoutError:
            if not deadline:
                raise
            raise Refusal(Code.BAD_REQUEST, f"the line did not end within {LINE_SECONDS:g} s") from None
        if not chunk:
            return
        buffer += chunk


def _send(sock: socket.socket, data: bytes) -> None:
    sock.settimeout(SEND_SECONDS)
    sock.sendall(data)


def _follow(sock: socket.socket, stream: Stream) -> None:
    """Send events until the reader is gone or was too slow."""
    try:
        _send(sock, stream.opening)
        for line in stream.lines():
            _send(sock, line)
    finally:
        stream.close()
