"""A network of one run's own: a bridge in a hub namespace, each party in its own.

Nothing is on the host but the namespaces' names, so the addresses (10.77.0.0/16)
may be the same in several runs at once.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from .cleanup import NETNS_DIR, RunDir, spawn_prefix
from .hostsys import RigError, output

T = TypeVar("T")
PREFIX = "10.77"
CLONE_NEWNET = 0x40000000
IP_TRANSPARENT = 19
_libc = ctypes.CDLL(None, use_errno=True)


def in_namespace(netns: str, make: Callable[[], T]) -> T:
    """Calls `make` on a thread that is in the network namespace, and returns its result.

    A socket made there stays in that namespace for life.
    """
    result: list[T] = []
    error: list[BaseException] = []

    def work() -> None:
        fd = os.open(NETNS_DIR / netns, os.O_RDONLY)
        try:
            if _libc.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter the network namespace {netns}")
            result.append(make())
        except BaseException as problem:
            error.append(problem)
        finally:
            os.close(fd)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return result[0]


def _no_source_check() -> None:
    for device in ("all", "eth0", "lo"):
        Path(f"/proc/sys/net/ipv4/conf/{device}/rp_filter").write_text("0")


@dataclass
class Party:
    """A machine of the network: a namespace with `eth0` and one or more addresses."""

    name: str
    netns: str
    addresses: list[str]
    _run: RunDir = field(repr=False)
    _network: Network = field(repr=False)

    @property
    def address(self) -> str:
        """The first address."""
        return self.addresses[0]

    def add_address(self) -> str:
        """Adds one more address to eth0 and returns it."""
        address = self._network.free_address()
        output(["ip", "-n", self.netns, "addr", "add", f"{address}/16", "dev", "eth0"])
        self.addresses.append(address)
        return address

    def popen(self, argv: Sequence[str], stdout: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Starts a host command in this namespace, within the run's cgroup."""
        return subprocess.Popen(
            [*spawn_prefix(self._run.cgroup / "parties"), "nsenter", f"--net={NETNS_DIR / self.netns}", *argv],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, argv: Sequence[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Runs a host command in this namespace to its end; raises CalledProcessError."""
        return subprocess.run(
            [*spawn_prefix(self._run.cgroup / "parties"), "nsenter", f"--net={NETNS_DIR / self.netns}", *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )

    def socket(
        self,
        kind: int = socket.SOCK_STREAM,
        port: int = 0,
        seem: tuple[str, int] | None = None,
    ) -> socket.socket:
        """A socket bound to this party's address: to be a stranger or a broken client.

        seem: bind to this foreign address and port instead, to send in its name.
        """

        def make() -> socket.socket:
            sock = socket.socket(socket.AF_INET, kind)
            if seem:
                sock.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(seem or (self.address, port))
            return sock

        return in_namespace(self.netns, make)

    def cut(self) -> None:
        """Pulls the network cable: no packet passes until `mend`."""
        # Off the bridge with the link still up, as behind a switch: sending goes on, in vain.
        output(["ip", "-n", self._network.hub, "link", "set", f"v{self.name}", "nomaster"])

    def mend(self) -> None:
        """Plugs the cable back in."""
        output(["ip", "-n", self._network.hub, "link", "set", f"v{self.name}", "master", "br0"])


class Network:
    """The hub of a run and its parties."""

    def __init__(self, run: RunDir) -> None:
        """Makes the hub namespace with its bridge."""
        self._run, self._next = run, 0
        self._lock = threading.Lock()
        self.parties: dict[str, Party] = {}
        self.hub = run.netns("hub")
        output(["ip", "netns", "add", self.hub])
        output(["ip", "-n", self.hub, "link", "add", "br0", "type", "bridge"])
        output(["ip", "-n", self.hub, "link", "set", "br0", "up"])

    def free_address(self) -> str:
        """The next unused address."""
        with self._lock:
            self._next += 1
            return f"{PREFIX}.{self._next // 200}.{self._next % 200 + 10}"

    def party(self, name: str, addresses: int = 1) -> Party:
        """Makes a party with so many addresses. Names are short: at most 12 of a–z, 0–9, -."""
        if name in self.parties or name == "hub" or len(name) > 12:
            raise RigError(f"The party name {name!r} is taken or longer than 12; choose another.")
        netns, port = self._run.netns(name), f"v{name}"
        output(["ip", "netns", "add", netns])
        output(["ip", "-n", self.hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", netns])
        output(["ip", "-n", self.hub, "link", "set", port, "master", "br0", "up"])
        output(["ip", "-n", netns, "link", "set", "lo", "up"])
        output(["ip", "-n", netns, "link", "set", "eth0", "up"])
        # Distributions differ; a sender in another's name (Party.socket) needs it off.
        in_namespace(netns, _no_source_check)
        party = Party(name, netns, [], self._run, self)
        for _ in range(addresses):
            party.add_address()
        output(["ip", "-n", netns, "route", "add", "default", "dev", "eth0"])
        self.parties[name] = party
        return party


def netns_path(party: Party) -> Path:
    """The path of a party's namespace, for programs that take one."""
    return NETNS_DIR / party.netns
