"""The daemon's end of jackfield-firewall's socket."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

import structlog

from jackfield.errors import NotConnected

log = structlog.get_logger(__name__)
ANSWER_SECONDS = 15.0
PAUSES = (0.2, 1.0, 2.0, 5.0, 15.0)
"""Seconds between tries to reach the helper; the last one repeats."""
MOST_LINES = 10_000


class FirewallClient:
    """Keeps the helper told, on a thread of its own; after each connection it is told everything anew."""

    def __init__(self, path: Path, state: Callable[[], Iterable[str]], on_trouble: Callable[[str], None]) -> None:
        """Nothing is connected before `start`.

        Args:
            path: the helper's socket.
            state: all lines that a helper wants that knows nothing.
            on_trouble: told why the helper does not serve, and '' when it does.
        """
        self._path, self._state, self._on_trouble = path, state, on_trouble
        self._lines: deque[tuple[str, Future[str] | None]] = deque(maxlen=MOST_LINES)
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._stopping = threading.Event()
        self.up = threading.Event()
        """Set while the helper serves."""

    def start(self) -> None:
        """Connect and stay connected."""
        threading.Thread(target=self._run, name="firewall", daemon=True).start()

    def stop(self) -> None:
        """Disconnect for good; bans stay in force."""
        self._stopping.set()
        self._ring()

    def tell(self, line: str) -> None:
        """Hand over a line; lost while the helper is away, which is then told the whole state."""
        if self.up.is_set():
            self._lines.append((line, None))
            self._ring()

    def show(self) -> dict[str, Any]:
        """What is in force: `banned` (address → seconds left) and `dropped` (packets).

        Raises:
            NotConnected: the helper is away.
        """
        answer: Future[str] = Future()
        if self.up.is_set():
            self._lines.append(("show", answer))
            self._ring()
            try:
                found: dict[str, Any] = json.loads(answer.result(ANSWER_SECONDS))
                return found
            except (FutureTimeout, ValueError, OSError) as error:
                raise NotConnected(f"jackfield-firewall does not answer: {error}") from error
        raise NotConnected("jackfield-firewall is away; see: systemctl status jackfield-firewall")

    def _ring(self) -> None:
        try:
            self._wake.send(b"!")
        except BlockingIOError:
            pass

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._serve()
                failures = 0
            except OSError as error:
                self._on_trouble(f"jackfield-firewall cannot be reached: {error}") if failures == 0 else None
                failures += 1
            finally:
                self.up.clear()
                self._drop()
            self._stopping.wait(PAUSES[min(failures, len(PAUSES) - 1)])

    def _serve(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(ANSWER_SECONDS)
            sock.connect(str(self._path))
            stream = sock.makefile("rb")
            self._lines.clear()
            self.up.set()  # from here on what changes is queued behind the state
            trouble = ""
            for line in self._state():
                answer = self._ask(sock, stream, line)
                trouble = trouble or (answer if answer.startswith("error") else "")
            self._on_trouble(f"jackfield-firewall refused: {trouble}" if trouble else "")
            waiting = select.poll()  # select() knows no descriptor over 1023, and calls have two each
            waiting.register(sock, select.POLLIN)
            waiting.register(self._woken, select.POLLIN)
            while not self._stopping.is_set():
                if sock.fileno() in dict(waiting.poll()):  # it never speaks first: it is gone
                    raise ConnectionError("the connection was closed")
                self._hear_bell()
                while self._lines:
                    line, future = self._lines.popleft()
                    answer = self._ask(sock, stream, line)
                    if future is not None:
                        future.set_result(answer)

    def _hear_bell(self) -> None:
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            pass

    def _ask(self, sock: socket.socket, stream: Any, line: str) -> str:
        sock.sendall(f"{line}\n".encode("ascii"))
        answer: bytes = stream.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionError("the connection was closed")
        text = answer.decode("utf-8", "replace").strip()
        if text.startswith("error"):
            log.error("firewall.refused", line=line[:80], answer=text)
        return text

    def _drop(self) -> None:
        while self._lines:
            _, future = self._lines.popleft()
            if future is not None:
                future.set_exception(ConnectionError("the connection was closed"))
