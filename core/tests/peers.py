"""Scripted Asterisk ends for unit tests."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable


class AgiPeer:
    """Asterisk's end of an AGI connection: answers every command, and can hang up."""

    def __init__(
        self, port: int, script: str = "trunk", arguments: tuple[str, ...] = ("token", "carrier"), **env: str
    ) -> None:
        self.commands: list[str] = []
        self.variables: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.on: dict[str, Callable[[], None]] = {}
        self.ended = threading.Event()
        values = {
            "network_script": script,
            "channel": "PJSIP/carrier-00000001",
            "uniqueid": "1.1",
            "callerid": "7001",
            "calleridname": "Ann",
            "extension": "5550100",
        } | env
        values |= {f"arg_{i}": a for i, a in enumerate(arguments, 1)}
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.sendall("".join(f"agi_{k}: {v}\n" for k, v in values.items()).encode() + b"\n")
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
                    reply = next((r for s, r in self.answers.items() if command.startswith(s)), "200 result=0")
                    self.sock.sendall(reply.encode() + b"\n")
        except OSError:
            pass
        self.ended.set()

    def _note(self, command: str) -> None:
        found = re.match(r'EXEC MSet "(.*)"$', command)
        for pair in found[1].split(",") if found else []:
            name, _, value = pair.partition("=")
            self.variables[name] = value
        found = re.match(r'SET VARIABLE "(\w+)" "(.*)"$', command)
        if found:
            self.variables[found[1]] = found[2]

    def hang_up(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)

    def played(self) -> list[str]:
        return [c.split()[2].strip('"').rpartition("/")[2] for c in self.commands if c.startswith("STREAM FILE")]
