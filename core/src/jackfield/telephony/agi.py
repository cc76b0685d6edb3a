"""AGI: pyst2's verbs over a transport that is safe in threads.

pyst2's `AGI` sets signal handlers, writes text to byte sockets, prints each line and does not escape quotes, so only
its verbs are used; reading, writing, quoting and errors are here.
"""

from __future__ import annotations

import ctypes
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Final

from asterisk.agi import AGI

from jackfield.errors import CallerHungUp, CommandFailed, ProtocolError, UnsafeValue

MAX_LINE: Final = 8191
"""Bytes of one AGI line; Asterisk takes what is over as the next command (`AGI_BUF_LEN` in res_agi.c)."""
MAX_ENVIRONMENT: Final = 16384
ENVIRONMENT_SECONDS: Final = 5.0
_AT_ONCE: Final = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
_send_at_once = ctypes.PyDLL(None).send
"""send(2) without letting go of the interpreter: at 200 calls each change of threads costs more than sending does."""
_send_at_once.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
_send_at_once.restype = ctypes.c_ssize_t
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})

Result = dict[str, tuple[str, str]]


class AgiSession(AGI):  # type: ignore[misc]
    """One AGI connection. Its verbs are pyst2's; they raise our errors.

    Raises (all verbs): CallerHungUp, CommandFailed, ProtocolError, UnsafeValue.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Read the environment.

        Raises:
            ProtocolError: it is malformed, too long or too slow.
        """
        self._sock = sock
        self._buffer = b""
        self.env: dict[str, str] = {}
        self.arguments: list[str] = []
        self.busy_since: float | None = None
        """Monotonic time since which a command has been with Asterisk; None while our code runs."""
        self.idle_since = time.monotonic()
        self.waited = 0.0
        """Seconds in which a command was with Asterisk, or the caller waited, all in all."""
        self.on_act: Callable[[], None] = _untold
        self.on_rest: Callable[[], None] = _untold
        """Called whenever our code runs again, and whenever it begins to wait (calls/blackbox.py)."""
        sock.settimeout(ENVIRONMENT_SECONDS)
        self._get_agi_env()
        sock.settimeout(None)

    # -- transport -------------------------------------------------------------------------------------------------

    def _get_agi_env(self) -> None:
        deadline = time.monotonic() + ENVIRONMENT_SECONDS
        data = b""
        while not data.endswith(b"\n\n"):
            if b"\n\n" in data or len(data) > MAX_ENVIRONMENT or time.monotonic() > deadline:
                raise ProtocolError("AGI environment is too long, too slow, or followed by what was not asked for")
            try:
                chunk = self._sock.recv(MAX_ENVIRONMENT)
            except OSError as error:
                raise ProtocolError(f"AGI environment was not read: {error}") from error
            if not chunk:
                raise ProtocolError("AGI peer left before its environment was complete")
            data += chunk
        for line in data.decode("utf-8", "replace").rstrip("\n").split("\n"):
            key, colon, value = line.partition(":")
            if not colon or not key.startswith("agi_"):
                raise ProtocolError(f"not an AGI environment: {line[:80]!r}")
            if key in self.env:
                raise ProtocolError(f"{key[:40]} comes twice; somebody's number or name has a line break in it")
            self.env[key] = value.strip()
        if not self.env.get("agi_uniqueid") or not self.env.get("agi_channel"):
            raise ProtocolError("AGI environment without channel or uniqueid")
        count = 1
        while f"agi_arg_{count}" in self.env:
            self.arguments.append(self.env[f"agi_arg_{count}"])
            count += 1

    def execute(self, command: str, *args: object) -> Result:
        """Send one command and wait for its answer."""
        line = " ".join([command, *map(str, args)])
        self._send(line)
        return self._answer(line)

    def _send(self, line: str) -> None:
        data = line.encode("utf-8", "strict") + b"\n"
        if len(data) > MAX_LINE:
            raise UnsafeValue(f"an AGI line of {len(data)} bytes; Asterisk takes {MAX_LINE}")
        if not line.isprintable():
            raise UnsafeValue(f"control characters in an AGI command: {line[:80]!r}")
        self.busy_since = time.monotonic()
        self.on_rest()
        try:
            sent = _send_at_once(self._sock.fileno(), data, len(data), _AT_ONCE)
            if sent != len(data):  # no room, or an error, which this one raises
                self._sock.sendall(data[max(0, sent) :])
        except OSError as error:
            raise CallerHungUp("the channel is gone") from error

    def _line(self) -> bytes:
        buffer = self._buffer
        while (end := buffer.find(b"\n")) < 0:
            if len(buffer) > 65536:
                raise ProtocolError("an AGI answer without end")
            try:
                chunk = self._sock.recv(4096)
            except OSError as error:
                raise CallerHungUp("the channel is gone") from error
            if not chunk:
                raise CallerHungUp("the channel is gone")
            buffer += chunk
        self._buffer = buffer[end + 1 :]
        return buffer[:end]

    def _answer(self, line: str) -> Result:
        try:
            answer = self._line()
            while answer == b"HANGUP":
                answer = self._line()
        finally:
            self._idle()
        if answer == b"200 result=0":
            return {"result": ("0", "")}
        if not answer.startswith(b"200 result="):
            self._failed(answer, line)
        value, _, rest = answer[11:].decode("utf-8", "replace").partition(" ")
        if value == "-1" and not line.startswith("GET "):
            self._check_alive(line)
        data, extra = "", rest
        if rest.startswith("("):
            inner, _, extra = rest.rpartition(")")
            data = inner[1:]
        result: Result = {"result": (value, data)}
        for word in extra.split():
            key, equals, number = word.partition("=")
            if equals:
                result[key] = (number, "")
        return result

    def _idle(self) -> None:
        self.idle_since = now = time.monotonic()
        self.waited += now - (self.busy_since or now)
        self.busy_since = None
        self.on_act()

    def _failed(self, answer: bytes, line: str) -> None:
        text = answer.decode("utf-8", "replace")
        if answer.startswith(b"511"):
            raise CallerHungUp("the channel is gone")
        if answer.startswith(b"520-"):
            while not self._line().startswith(b"520 "):
                pass
        if answer[:3] in (b"510", b"520", b"503"):
            raise CommandFailed(f"Asterisk refused {line[:120]!r}: {text[:200]}")
        raise ProtocolError(f"not an AGI answer: {text[:120]!r}")

    def _check_alive(self, line: str) -> None:
        """-1 is said of a hang-up as well as of a failure (a missing file, say); ask which."""
        if line.startswith("CHANNEL STATUS"):
            raise CallerHungUp("the channel is gone")
        self.execute("CHANNEL STATUS")
        raise CommandFailed(f"Asterisk failed {line[:120]!r}")

    def _quote(self, string: object) -> str:
        return '"' + str(string).translate(_ESCAPES) + '"'

    # -- beyond pyst2 ----------------------------------------------------------------------------------------------

    def run(self, application: str, *arguments: str) -> str:
        """Run a dialplan application; each argument must be free of commas of its own.

        Returns:
            What the application returned. -1 with the channel still there counts as a failure.
        """
        result: str = self.execute("EXEC", application, self._quote(",".join(arguments)))["result"][0]
        if result == "-2":
            raise CommandFailed(f"Asterisk has no application {application}; is its module in modules.conf?")
        return result

    def set_many(self, **variables: str) -> None:
        """Set several variables in one command. Names may be functions, as in `TIMEOUT(absolute)`."""
        self.run("MSet", *(f"{name}={_unsplit(value)}" for name, value in variables.items()))

    def wait(self, wake: int, seconds: float | None) -> bool:
        """Block with no command pending until descriptor `wake` is readable.

        A caller who waits costs nothing: Asterisk plays music by itself.

        Args:
            wake: an eventfd that another thread writes.
            seconds: how long at most; None waits without limit.

        Returns:
            Whether it was woken (else time is up).
        """
        ready = self._ready(wake, seconds)
        if self._sock.fileno() in ready:
            line = self._line()
            if line != b"HANGUP":
                raise ProtocolError(f"AGI peer spoke unasked: {line[:80]!r}")
            raise CallerHungUp("the caller hung up while waiting")
        return wake in ready

    def wait_key(self, wake: int, seconds: float | None) -> tuple[str, bool]:
        """Wait for a key, or until descriptor `wake` is readable, whichever comes first. Music plays on.

        Asterisk ends WAIT FOR DIGIT with 1 when the next command comes (`ast_waitfordigit_full` watches the
        connection), so a wake interrupts it with a NOOP.

        Returns:
            The key or '', and whether it was woken.
        """
        line = f"WAIT FOR DIGIT {-1 if seconds is None else round(max(0.0, seconds) * 1000)}"
        self._send(line)
        woken = self._sock.fileno() not in self._ready(wake, None)
        if woken:
            self._send("NOOP")
        value = self._answer(line)["result"][0]
        if woken:
            self._answer("NOOP")
        return (chr(int(value)) if value not in ("0", "1", "") else ""), woken

    def _ready(self, wake: int, seconds: float | None) -> set[int]:
        """Which can be read, the connection or `wake`; none when time is up."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN | select.POLLRDHUP)
        poll.register(wake, select.POLLIN)
        self.busy_since = time.monotonic()
        self.on_rest()
        try:
            return {descriptor for descriptor, _ in poll.poll(None if seconds is None else max(0, seconds) * 1000)}
        finally:
            self._idle()

    def close(self) -> None:
        """Close the connection; the dialplan goes on."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()

    def cut(self) -> None:
        """Close from another thread: the call's thread finds its caller gone, the dialplan goes to the rescue."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _untold() -> None:
    """Nobody wants to know."""


def _unsplit(value: str) -> str:
    if any(c in value for c in ',"\\') or not value.isprintable():
        raise UnsafeValue(f"{value[:80]!r} cannot be set together with others")
    return value


def safe_environment(session: AgiSession, key: str) -> str:
    """A value of the environment, `unknown` and empty alike as ''."""
    value: Any = session.env.get(key, "")
    return "" if value == "unknown" else str(value)
