"""One call over a scripted Asterisk end, for the tests of its verbs."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from jackfield.calls.call import Call
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.features.desk import Desk
from jackfield.features.parking import ParkingLot
from jackfield.routing import builtin
from jackfield.telephony.agi import AgiSession
from service_rig import Sounds, States


class Patterned(Sounds):
    """Every prompt is there; some have values in them."""

    def __init__(self) -> None:
        self.patterns = {"en": {}, "zh": {}}

    def parts(self, name: str, language: str) -> list[str] | None:
        return self.patterns.get(language, {}).get(name)


class Kinds:
    """What the desk asks of the calls."""

    def kinds(self):
        return {kind.kind: ("", kind) for kind in builtin.kinds()}


class TypingPeer:
    """Asterisk's end, command by command, with a caller who types: each WAIT FOR DIGIT takes the next key."""

    def __init__(self, port: int) -> None:
        self.typed: list[str] = []
        self.hold_digits = False
        self.commands: list[str] = []
        self.variables: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.on: dict[str, Callable[[], object]] = {}
        self.ended = threading.Event()
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.sendall(b"agi_channel: PJSIP/carrier-00000001\nagi_uniqueid: 1.1\n\n")
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            with self.sock.makefile("rb") as lines:
                for line in lines:
                    command = line.decode().rstrip("\n")
                    self.commands.append(command)
                    self._note(command)
                    for start, act in self.on.items():
                        if command.startswith(start):
                            act()
                    self.sock.sendall(self._reply(command, lines))
        except OSError:
            pass
        self.ended.set()

    def _note(self, command: str) -> None:
        found = re.match(r'EXEC MSet "(.*)"$', command)
        for pair in found[1].split(",") if found else []:
            name, _, value = pair.partition("=")
            self.variables[name] = value

    def hang_up(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)

    def played(self) -> list[str]:
        return [c.split()[2].strip('"').rpartition("/")[2] for c in self.commands if c.startswith("STREAM FILE")]

    def _reply(self, command: str, lines) -> bytes:
        if command.startswith("WAIT FOR DIGIT"):
            if self.hold_digits:
                self.commands.append(lines.readline().decode().rstrip("\n"))
                return b"200 result=1\n200 result=0\n"
            key = self.typed.pop(0) if self.typed else ""
            return f"200 result={ord(key) if key else 0}\n".encode()
        return (next((r for s, r in self.answers.items() if command.startswith(s)), "200 result=0") + "\n").encode()


class Conversation:
    """A call and its peer; `run` runs a function on it as its handler."""

    def __init__(self, site, takes: Path) -> None:
        self.takes = takes
        self.sounds = Patterned()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.peer = TypingPeer(listener.getsockname()[1])
            own, _ = listener.accept()
        facts = Facts("1.1", "PJSIP/carrier-00000001", "inbound", Party("7001"), "5550100")
        self.call = Call(AgiSession(own), facts, site, self.sounds, lambda *_: None, lambda _: None)
        self.call.desk = Desk(States(), Kinds(), None, ParkingLot(lambda slot, occupied: None), takes)

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self.call.release()
        self.peer.ended.wait(5)
        self.peer.sock.close()

    def keys(self, *tries: str) -> None:
        """What the caller types at each try; a try that is shorter than asked for ends when time is up."""
        for typed in tries:
            self.peer.typed += [*typed] or [""]

    def record_bytes(self, size: int) -> None:
        """Has Asterisk write so much for RECORD FILE."""

        def write() -> None:
            stem = self.peer.commands[-1].split('"')[1]
            Path(f"{stem}.wav").write_bytes(bytes(size))

        hang_up = self.peer.on.get("RECORD FILE")
        self.peer.on["RECORD"] = lambda: (write(), hang_up and hang_up())

    def run(self, handler):
        """What the handler returns, on a thread of its own as in the daemon."""
        outcome = []

        def work() -> None:
            try:
                outcome.append((handler(self.call), None))
            except BaseException as error:
                outcome.append((None, error))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(20)
        assert outcome, "the handler did not return"
        answer, error = outcome[0]
        if error is not None:
            raise error
        return answer
