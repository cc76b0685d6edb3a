"""jackfield-firewall: bans and rate limits in nftables, for the daemon, which has no rights to it.

Takes lines on a Unix socket from the user jackfield (and root), checks each and hands it to nft. Its table lives as
long as it does; the daemon tells it everything anew after a restart of either.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
from pathlib import Path

from jackfield.firewall import ruleset, words

SOCKET = Path("/run/jackfield-firewall/socket")
USER = "jackfield"
NFT_SECONDS = 10
IDLE_SECONDS = 5.0
"""Who is not the daemon gets so long."""
_CREDENTIALS = struct.Struct("3i")
FIRST_LIMITS = ruleset.rules([5060, 5061], 100, 200)


class Nft:
    """Runs nft, one text at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def apply(self, text: str) -> None:
        """Apply a text as one transaction.

        Raises:
            RuntimeError: nft refuses it; nothing of it is in force.
        """
        self._run(["nft", "-f", "-"], text)

    def show(self) -> dict[str, object]:
        """What is banned (address → seconds left), and packets dropped so far."""
        listed = json.loads(self._run(["nft", "-j", "list", "table", *ruleset.TABLE.split()]))["nftables"]
        banned: dict[str, int] = {}
        dropped: dict[str, int] = {}
        for item in listed:
            if "counter" in item:
                dropped[item["counter"]["name"]] = item["counter"]["packets"]
            if "set" in item and item["set"]["name"].startswith("banned"):
                for one in item["set"].get("elem", []):
                    banned[one["elem"]["val"]] = one["elem"]["expires"]
        return {"banned": banned, "dropped": dropped}

    def _run(self, command: list[str], text: str = "") -> str:
        with self._lock:
            try:
                done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=NFT_SECONDS)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise RuntimeError(f"nft did not run: {error}") from error
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.split())[:300] or f"nft ended with {done.returncode}")
        return done.stdout


class _Handler(socketserver.StreamRequestHandler):
    server: Server
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        self.trusted = self.server.may_speak(self.request)
        super().setup()
        if self.trusted:
            self.request.settimeout(None)

    def handle(self) -> None:
        """Answers a line each: `ok`, `error: …`, or JSON."""
        if not self.trusted:
            self.wfile.write(b"error: only the user jackfield may speak here\n")
            return
        while line := self.rfile.readline(words.MAX_LINE):
            self.wfile.write(f"{self.server.answer(line)}\n".encode())


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves the socket."""

    daemon_threads = True

    def __init__(self, path: Path, users: set[int], nft: Nft) -> None:
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o666)  # who may speak is told by the kernel, not by the file's mode
        self._users, self._nft = users, nft

    def may_speak(self, sock: socket.socket) -> bool:
        """Whether the peer is one of the users."""
        packed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return _CREDENTIALS.unpack(packed)[1] in self._users

    def answer(self, line: bytes) -> str:
        """Does what a line asks; what became of it."""
        try:
            text = line.decode("ascii").strip()
            if not line.endswith(b"\n") or not text:
                raise words.Refused("not a line of words")
            if text == words.SHOW:
                return json.dumps(self._nft.show())
            self._nft.apply(words.translate(text))
        except (UnicodeDecodeError, words.Refused, RuntimeError) as error:
            sys.stderr.write(f"refused: {error}\n")
            return f"error: {error}"
        return "ok"


def _ready(state: str) -> None:
    """Tell systemd (sd_notify(3)); our own, for the helper imports nothing else."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM; then the table is gone."""
    parser = argparse.ArgumentParser(prog="jackfield-firewall", description="Jackfield's bans in nftables.")
    parser.add_argument("--socket", type=Path, default=SOCKET, help=f"default: {SOCKET}")
    parser.add_argument("--user", default=USER, help=f"who may speak, beside root (default: {USER})")
    chosen = parser.parse_args(arguments)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    nft = Nft()
    try:
        nft.apply(ruleset.table() + FIRST_LIMITS)
        server = Server(chosen.socket, {0, pwd.getpwnam(chosen.user).pw_uid}, nft)
    except (RuntimeError, OSError, KeyError) as error:
        sys.stderr.write(f"jackfield-firewall cannot start: {error}\n")
        return 1
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _ready("READY=1")
    over.wait()
    _ready("STOPPING=1")
    chosen.socket.unlink(missing_ok=True)
    nft.apply(ruleset.removal())
    return 0


if __name__ == "__main__":
    sys.exit(main())
