"""The AMI client: one reader thread, responses matched by ActionID, keep-alive, reconnect.

The reader only parses and hands on: Asterisk cuts off a reader that blocks for its `writetimeout`, so nothing slow
may run on it. Events go to `on_event` on the reader thread; that function must only note what happened.
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field

import structlog

from jackfield.errors import CommandFailed, NotConnected, ProtocolError, UnsafeValue
from jackfield.telephony.events import Message, Splitter

log = structlog.get_logger(__name__)
GREETING = b"Asterisk Call Manager/"
ANSWER_SECONDS = 10.0
PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between tries to connect; the last one repeats."""


@dataclass(slots=True)
class Response:
    """What Asterisk answered to an action. `events` are those of a list action, in order."""

    ok: bool
    message: str
    headers: Message
    events: list[Message] = field(default_factory=list)


class _Pending:
    __slots__ = ("events", "future", "list_end", "response")

    def __init__(self) -> None:
        self.future: Future[Response] = Future()
        self.response: Response | None = None
        self.events: list[Message] = []


class AmiClient:
    """A connection to Asterisk's manager.

    Used in two ways: `connect()` … `close()` for a short task (the CLI), or `start()` … `stop()` to stay connected
    (the daemon), with `on_up` called on a thread of its own after each log-in, and `on_down` when it is lost.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_event: Callable[[str, Message], None] | None = None,
        on_up: Callable[[], None] | None = None,
        on_down: Callable[[], None] | None = None,
        keep_alive: float = 15.0,
    ) -> None:
        """`keep_alive`: seconds of silence after which Asterisk is pinged; twice that means that it is lost."""
        self._address = (host, port)
        self._login = {"Username": username, "Secret": secret}
        self._on_event, self._on_up, self._on_down = on_event, on_up, on_down
        self._keep_alive = keep_alive
        self._ids = itertools.count(1)
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._splitter = Splitter()
        self._stopping = threading.Event()
        self.up = threading.Event()
        """Set while logged in."""

    # -- life ------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect and log in once.

        Raises:
            NotConnected: Asterisk is not there, or refuses the log-in.
        """
        sock, rest = self._open()
        reader = threading.Thread(target=self._read, args=(sock, rest), name="ami-read", daemon=True)
        reader.start()
        try:
            self._log_in()
        except (NotConnected, CommandFailed) as error:
            self.close()
            raise NotConnected(f"Asterisk's manager refused us: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        sock = self._sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def start(self) -> None:
        """Connect and stay connected, in the background."""
        threading.Thread(target=self._stay, name="ami-read", daemon=True).start()

    def stop(self) -> None:
        """Disconnect for good."""
        self._stopping.set()
        self.close()

    def _open(self) -> tuple[socket.socket, bytes]:
        try:
            sock = socket.create_connection(self._address, timeout=3.0)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            greeting = b""
            while b"\r\n" not in greeting:
                chunk = sock.recv(1024)
                if (
                    not chunk
                    or len(greeting) > 1024
                    or not (greeting + chunk).startswith(GREETING[: len(greeting + chunk)])
                ):
                    raise NotConnected(f"{self._address[0]}:{self._address[1]} is not Asterisk's manager")
                greeting += chunk
        except OSError as error:
            raise NotConnected(f"no connection to Asterisk's manager at {self._address}: {error}") from error
        # The kernel's time-outs and not Python's, which cost a poll(2) for each read.
        sock.settimeout(None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            seconds, rest = divmod(self._keep_alive, 1)
            sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(seconds), int(rest * 1_000_000)))
        self._sock, self._splitter = sock, Splitter()
        return sock, greeting.partition(b"\r\n")[2]

    def _log_in(self) -> None:
        self.action("Login", **self._login, Events="on" if self._on_event else "off")
        self.up.set()

    def _stay(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                sock, rest = self._open()
            except NotConnected as error:
                if failures == 0:
                    log.warning("ami.away", error=str(error))
                self._stopping.wait(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1
                continue
            threading.Thread(target=self._come_up, args=(sock,), name="ami-up", daemon=True).start()
            self._read(sock, rest)
            failures = 0 if self.up.is_set() else failures + 1
            self._go_down()
            self._stopping.wait(PAUSES[min(failures, len(PAUSES) - 1)])

    def _come_up(self, sock: socket.socket) -> None:
        try:
            self._log_in()
        except (NotConnected, CommandFailed) as error:
            log.error("ami.login_refused", error=str(error))
            sock.close()
            return
        log.info("ami.up")
        if self._on_up:
            self._on_up()

    def _go_down(self) -> None:
        if self.up.is_set():
            self.up.clear()
            log.warning("ami.down")
            if self._on_down:
                self._on_down()

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self, sock: socket.socket, rest: bytes) -> None:
        quiet = False
        try:
            self._take(rest)
            while True:
                try:
                    data = sock.recv(262144)
                except BlockingIOError:
                    if quiet:
                        log.warning("ami.silent", seconds=2 * self._keep_alive)
                        break
                    quiet = True
                    self._write({"Action": "Ping"})
                    continue
                if not data:
                    break
                quiet = False
                self._take(data)
        except (OSError, ValueError, ProtocolError) as error:
            log.warning("ami.lost", error=str(error))
        finally:
            self._sock = None
            sock.close()
            self._fail_pending()

    def _take(self, data: bytes) -> None:
        on_event = self._on_event
        for raw in self._splitter.feed(data):
            message = Message(raw)
            name = message.event
            if name:
                if self._pending and b"\r\nActionID: " in raw:
                    self._list_event(name, message)
                elif on_event is not None:
                    try:
                        on_event(name, message)
                    except Exception:
                        log.exception("ami.event_failed", ami_event=name)
            elif raw.startswith(b"Response: "):
                self._response(message)

    def _response(self, message: Message) -> None:
        pending = self._pending.get(message.get("ActionID", ""))
        if pending is None:
            return
        ok = message["Response"] in ("Success", "Follows", "Goodbye")
        response = Response(ok, message.get("Message", ""), message, pending.events)
        if message.get("EventList", "").lower() == "start":
            pending.response = response
        else:
            self._finish(message["ActionID"], response)

    def _list_event(self, name: str, message: Message) -> None:
        identity = message.get("ActionID", "")
        pending = self._pending.get(identity)
        if pending is None:
            return
        if message.get("EventList") == "Complete" and pending.response is not None:
            self._finish(identity, pending.response)
        else:
            pending.events.append(message)

    def _finish(self, identity: str, response: Response) -> None:
        with self._lock:
            pending = self._pending.pop(identity, None)
        if pending is not None and not pending.future.done():
            pending.future.set_result(response)

    def _fail_pending(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
        for one in pending.values():
            if not one.future.done():
                one.future.set_exception(NotConnected("the connection to Asterisk's manager was lost"))

    # -- writing ---------------------------------------------------------------------------------------------------

    def action(self, name: str, seconds: float = ANSWER_SECONDS, /, **headers: str | int | list[str]) -> Response:
        """Send an action and wait for its answer; of a list action, for the whole list.

        Raises:
            NotConnected: AMI is away or does not answer in time.
            CommandFailed: Asterisk answered with an error.
            UnsafeValue: a header holds a line break.
        """
        identity = str(next(self._ids))
        pending = _Pending()
        with self._lock:
            self._pending[identity] = pending
        try:
            self._write({"Action": name, "ActionID": identity, **headers})
            response = pending.future.result(seconds)
        except FutureTimeout as error:
            raise NotConnected(f"Asterisk did not answer {name} within {seconds:g} s") from error
        finally:
            with self._lock:
                self._pending.pop(identity, None)
        if not response.ok:
            raise CommandFailed(f"Asterisk refused {name}: {response.message}")
        return response

    def _write(self, headers: Mapping[str, str | int | list[str]]) -> None:
        lines = []
        for key, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                line = f"{key}: {one}"
                if "\r" in line or "\n" in line or len(line.encode()) > 1024:
                    raise UnsafeValue(f"AMI header {key} holds a line break or is longer than 1,024 bytes")
                lines.append(line)
        sock = self._sock
        if sock is None:
            raise NotConnected("Asterisk's manager is away")
        data = ("\r\n".join(lines) + "\r\n\r\n").encode()
        try:
            with self._lock:
                sock.sendall(data)
        except OSError as error:
            raise NotConnected(f"the connection to Asterisk's manager was lost: {error}") from error
