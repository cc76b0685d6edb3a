"""Asterisk's end of an AGI connection: the commands of res_agi.c and what Asterisk 22 answers to them."""

from __future__ import annotations

import re
import shlex
import socket
import threading
import wave
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from jackfield.testing import applications
from jackfield.testing.asterisk import VERSION, Channel, FakeAsterisk, Heard

DEAD = "511 Command Not Permitted on a dead channel or intercept routine"
UNKNOWN = "510 Invalid or unknown command"
KEYS = "0123456789*#"


def words(line: str) -> list[str]:
    """Split a command as `parse_args` of res_agi.c does: quotes group, a backslash escapes."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes, lexer.escapedquotes = True, "", '"', '"'
    return list(lexer)


class AgiLink:
    """A channel's AGI connection: opens it, sends the environment, and answers until one side ends it."""

    def __init__(self, asterisk: FakeAsterisk, channel: Channel, done: Callable[[Channel], None]) -> None:
        """`done` is called with the channel when the connection has ended, as the dialplan goes on then."""
        self._asterisk, self._channel, self._done = asterisk, channel, done
        self.on_command: Callable[[str], None] = lambda line: None
        """Told each command before it is carried out."""
        self._commands = Commands(asterisk, channel)
        self._busy = False
        """Whether a command is in work."""
        self._came: deque[bytes | None] = deque()
        self._sock: socket.socket

    def start(self, port: int, script: str, arguments: Sequence[str]) -> None:
        """Run a script of the daemon's on the channel, on a thread of its own."""
        self._channel.served = True
        self._sock = socket.create_connection(("127.0.0.1", port))
        lines = environment(self._channel, port, script, arguments)
        self._sock.sendall("".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n")
        threading.Thread(target=self._run, name="fake-channel", daemon=True).start()

    def _run(self) -> None:
        moved, channel = self._asterisk.moved, self._channel
        watch = threading.Thread(target=self._watch, name="fake-hangup", daemon=True)
        watch.start()
        threading.Thread(target=self._read, name="fake-reader", daemon=True).start()
        try:
            while (raw := self._next()) is not None:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                self.on_command(line)
                with moved:
                    channel.commands.append(line)
                    self._busy = True
                answer = self._commands.answer(line)
                self._sock.sendall(answer.encode() + b"\n")
                with moved:
                    self._busy = False
                    moved.notify_all()
        except OSError:
            pass
        with moved:
            channel.served = False
            moved.notify_all()
        watch.join()
        self._sock.close()
        self._done(channel)

    def _read(self) -> None:
        """Takes commands in, so that one that waits for a key sees the next one come."""
        try:
            with self._sock.makefile("rb") as lines:
                for raw in lines:
                    self._note(raw)
        except (OSError, ValueError):
            pass
        self._note(None)

    def _note(self, raw: bytes | None) -> None:
        with self._asterisk.moved:
            self._came.append(raw)
            self._channel.coming += 1
            self._asterisk.moved.notify_all()

    def _next(self) -> bytes | None:
        """The next command; None at the end of the connection."""
        with self._asterisk.moved:
            self._asterisk.moved.wait_for(lambda: self._came)
            self._channel.coming -= 1
            return self._came.popleft()

    def _watch(self) -> None:
        """AGIEXITONHANGUP=yes: Asterisk closes the connection when the caller hangs up and no command is in work."""
        with self._asterisk.moved:
            self._asterisk.moved.wait_for(
                lambda: not self._channel.served or self._asterisk.closed or (self._channel.gone and not self._busy)
            )
        try:
            if self._channel.gone:
                self._sock.sendall(b"HANGUP\n")
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def environment(channel: Channel, port: int, script: str, arguments: Sequence[str]) -> dict[str, str]:
    """What Asterisk tells a script at its start, in Asterisk's order."""
    values = {
        "agi_network": "yes",
        "agi_network_script": script,
        "agi_request": f"agi://127.0.0.1:{port}/{script}",
        "agi_channel": channel.name,
        "agi_language": "en",
        "agi_type": channel.name.partition("/")[0],
        "agi_uniqueid": channel.id,
        "agi_version": VERSION,
        "agi_callerid": channel.number or "unknown",
        "agi_calleridname": channel.caller_name or "unknown",
        "agi_callingpres": "0",
        "agi_callingani2": "0",
        "agi_callington": "0",
        "agi_callingtns": "0",
        "agi_dnid": channel.exten or "unknown",
        "agi_rdnis": "unknown",
        "agi_context": channel.context,
        "agi_extension": channel.exten,
        "agi_priority": "2",
        "agi_enhanced": "0.0",
        "agi_accountcode": "",
        "agi_threadid": str(threading.get_ident()),
    }
    return values | {f"agi_arg_{i}": argument for i, argument in enumerate(arguments, 1)}


class Commands:
    """AGI's commands on one channel."""

    def __init__(self, asterisk: FakeAsterisk, channel: Channel) -> None:
        self._asterisk, self._channel = asterisk, channel

    def answer(self, line: str) -> str:
        """Carry out one command; Asterisk's answer, without the line's end."""
        try:
            given = words(line)
        except ValueError:
            return UNKNOWN
        for length in (3, 2, 1):
            name = " ".join(given[:length]).lower()
            found = COMMANDS.get(name) if len(given) >= length else None
            if found is not None:
                function, least, most, dead_too = found
                arguments = given[length:]
                if not least <= len(arguments) <= most:
                    return usage(name)
                if self._channel.gone and not dead_too:
                    return DEAD
                return function(self, arguments)
        return UNKNOWN

    # -- the channel -----------------------------------------------------------------------------------------------

    def pick_up(self, _: list[str]) -> str:
        """ANSWER."""
        self._asterisk.answer(self._channel)
        return "200 result=0"

    def status(self, given: list[str]) -> str:
        """CHANNEL STATUS [name]."""
        channel = self._asterisk.named(given[0]) if given else self._channel
        return f"200 result={channel.state if channel is not None and not channel.gone else -1}"

    def hang_up(self, given: list[str]) -> str:
        """HANGUP [name]."""
        channel = self._asterisk.named(given[0]) if given else self._channel
        if channel is None:
            return "200 result=-1"
        self._asterisk.hang_up(channel)
        return "200 result=1"

    def nothing(self, _: list[str]) -> str:
        """NOOP and others that change nothing here."""
        return "200 result=0"

    def verbose(self, _: list[str]) -> str:
        """VERBOSE message [level]."""
        return "200 result=1"

    # -- sounds and keys -------------------------------------------------------------------------------------------

    def stream(self, given: list[str]) -> str:
        """STREAM FILE name keys [offset]."""
        sound = self._asterisk.sound(given[0])
        if sound is None:
            return "200 result=-1 endpos=0"
        key = self._play(sound, given[1])
        samples = int(self._asterisk.prompt_seconds * 8000)
        return f"200 result={-1 if key is None else ord(key) if key else 0} endpos={samples}"

    def control_stream(self, given: list[str]) -> str:
        """CONTROL STREAM FILE name keys …: the manager may stop it."""
        sound = self._asterisk.sound(given[0])
        key = self._play(sound, given[1]) if sound is not None else ""
        if sound is None or key is None:
            return "200 result=-1 endpos=0"
        return f"200 result={ord(key) if key else 0} endpos=0"

    def digit(self, given: list[str]) -> str:
        """WAIT FOR DIGIT milliseconds; the next command ends it, with 1."""
        milliseconds, channel = int(given[0]), self._channel
        seconds = None if milliseconds < 0 else milliseconds / 1000
        key = self._key(KEYS, seconds, lambda: channel.coming > 0)
        return f"200 result={-1 if key is None else ord(key) if key else int(channel.coming > 0)}"

    def get_data(self, given: list[str]) -> str:
        """GET DATA file [milliseconds] [digits]."""
        seconds = int(given[1]) / 1000 if len(given) > 1 else 6.0
        most = int(given[2]) if len(given) > 2 else 1024
        sound = self._asterisk.sound(given[0])
        typed = self._play(sound, KEYS) if sound is not None else ""
        if typed == "#":
            return "200 result="
        while typed is not None and len(typed) < most:
            key = self._key(KEYS, seconds if not typed else 2.0)
            if key is None:
                return "200 result=-1"
            if key == "":
                return f"200 result={typed} (timeout)"
            if key == "#":
                break
            typed += key
        return "200 result=-1" if typed is None else f"200 result={typed}"

    def record(self, given: list[str]) -> str:
        """RECORD FILE name format keys milliseconds [offset] [BEEP] [s=silence]: silence for as long as it takes."""
        milliseconds, began = int(given[3]), self._asterisk.clock.monotonic()
        key = self._key(given[2], None if milliseconds < 0 else milliseconds / 1000)
        _write_silence(f"{given[0]}.{given[1]}", self._asterisk.clock.monotonic() - began)
        if key is None:
            return "200 result=-1 (hangup) endpos=0"
        return f"200 result={ord(key)} (dtmf) endpos=0" if key else "200 result=0 (timeout) endpos=0"

    def _play(self, sound: Heard, keys: str) -> str | None:
        """Play a prompt; the key that stopped it, '' when it was heard whole, None after a hang-up."""
        channel = self._channel
        with self._asterisk.moved:
            if channel.gone:
                return None
            channel.music, channel.stopped = None, False
            channel.playing = sound
            channel.heard.append(sound)
            self._asterisk.moved.notify_all()
        seconds = self._asterisk.prompt_seconds
        try:
            return self._key(keys, seconds) if seconds or channel.keys else ""
        finally:
            with self._asterisk.moved:
                channel.playing = None

    def _key(self, keys: str, seconds: float | None, interrupted: Callable[[], bool] = lambda: False) -> str | None:
        """The next of these keys; '' when time is up or it was stopped, None after a hang-up. Other keys are lost."""
        channel, moved = self._channel, self._asterisk.moved

        def ready() -> bool:
            while channel.keys and channel.keys[0] not in keys:
                channel.keys.popleft()
            stopped = channel.stopped and channel.playing is not None
            return bool(channel.keys) or channel.gone or stopped or interrupted()

        with moved:
            channel.reads_keys = True
        self._asterisk.wait(channel, ready, seconds)
        with moved:
            channel.reads_keys = False
            if channel.gone:
                return None
            return channel.keys.popleft() if channel.keys else ""

    def music(self, given: list[str]) -> str:
        """SET MUSIC on|off [class]."""
        with self._asterisk.moved:
            self._channel.music = (given[1] if len(given) > 1 else "default") if given[0].lower() == "on" else None
            self._asterisk.moved.notify_all()
        return "200 result=0"

    # -- variables -------------------------------------------------------------------------------------------------

    def set_variable(self, given: list[str]) -> str:
        """SET VARIABLE name value."""
        applications.set_variable(self._asterisk, self._channel, given[0], given[1])
        return "200 result=1"

    def get_variable(self, given: list[str]) -> str:
        """GET VARIABLE name."""
        value = applications.variable(self._asterisk, self._channel, given[0])
        return f"200 result=1 ({value})" if value else "200 result=0"

    def get_full_variable(self, given: list[str]) -> str:
        """GET FULL VARIABLE expression [channel]."""
        channel = self._asterisk.named(given[1]) if len(given) > 1 else self._channel
        if channel is None:
            return "200 result=0"
        value = re.sub(
            r"\$\{([^{}]+)\}", lambda found: applications.variable(self._asterisk, channel, found[1]), given[0]
        )
        return f"200 result=1 ({value})"

    def run(self, given: list[str]) -> str:
        """EXEC application arguments."""
        return f"200 result={applications.run(self._asterisk, self._channel, given[0], ','.join(given[1:]))}"

    # -- Asterisk's database ---------------------------------------------------------------------------------------

    def database_get(self, given: list[str]) -> str:
        """DATABASE GET family key."""
        value = self._asterisk.database.get((given[0], given[1]))
        return "200 result=0" if value is None else f"200 result=1 ({value})"

    def database_put(self, given: list[str]) -> str:
        """DATABASE PUT family key value."""
        self._asterisk.database[given[0], given[1]] = given[2]
        return "200 result=1"

    def database_del(self, given: list[str]) -> str:
        """DATABASE DEL family key."""
        self._asterisk.database.pop((given[0], given[1]), None)
        return "200 result=1"


COMMANDS: dict[str, tuple[Callable[[Commands, list[str]], str], int, int, bool]] = {
    "answer": (Commands.pick_up, 0, 0, False),
    "channel status": (Commands.status, 0, 1, False),
    "control stream file": (Commands.control_stream, 2, 7, False),
    "database del": (Commands.database_del, 2, 2, True),
    "database get": (Commands.database_get, 2, 2, True),
    "database put": (Commands.database_put, 3, 3, True),
    "exec": (Commands.run, 1, 50, True),
    "get data": (Commands.get_data, 1, 3, False),
    "get full variable": (Commands.get_full_variable, 1, 2, True),
    "get variable": (Commands.get_variable, 1, 1, True),
    "hangup": (Commands.hang_up, 0, 1, False),
    "noop": (Commands.nothing, 0, 50, True),
    "record file": (Commands.record, 4, 7, False),
    "set music": (Commands.music, 1, 2, False),
    "set variable": (Commands.set_variable, 2, 2, True),
    "stream file": (Commands.stream, 2, 3, False),
    "verbose": (Commands.verbose, 1, 2, True),
    "wait for digit": (Commands.digit, 1, 1, False),
}
"""Command → what it does, how many arguments it takes, whether a dead channel may."""


def _write_silence(path: str, seconds: float) -> None:
    """A recording of somebody who says nothing (wav, 16 bit, 8 kHz); Asterisk makes the folders that it needs."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * int(8000 * seconds)))


def usage(name: str) -> str:
    """What Asterisk says to a wrong number of arguments."""
    return f"520-Invalid command syntax.  Proper usage follows:\n Usage: {name.upper()}\n520 End of proper usage."
