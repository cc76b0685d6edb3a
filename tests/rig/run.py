"""A run: the network, nodes and telephone sides of one test session or demo."""

from __future__ import annotations

import atexit
import itertools
import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, TracebackType

from .audio import TONES
from .capture import Capture
from .cleanup import RunDir, gc
from .hostsys import ensure_host_packages
from .load import PhoneBank
from .net import Network, Party
from .node import Node
from .root import Root, ensure_root
from .schedule import Scheduler
from .sip import Carrier, Phone, Side
from .sipp import Workshop


class Run:
    """Everything of one run; leaving its `with` block removes all of it."""

    def __init__(self, pcap_dir: Path | None = None) -> None:
        """pcap_dir: keep every party's packets there as NAME.pcap, to look at later."""
        ensure_host_packages()
        gc()
        self._dir = RunDir()
        self._closed = False
        self._pcap_dir = pcap_dir
        self.scheduler = Scheduler()
        self.nodes: list[Node] = []
        self._captures: dict[str, Capture] = {}
        self._workshops: dict[str, Workshop] = {}
        self._tones = itertools.cycle(TONES)
        self._tone_lock = threading.Lock()
        atexit.register(self.close)
        self._old_handler = _on_sigterm(self.close)
        self.network = Network(self._dir)

    @property
    def id(self) -> str:
        """The run's id, as in its namespaces' names."""
        return self._dir.id

    @property
    def folder(self) -> Path:
        """The run's own folder, removed at its end."""
        return self._dir.path

    def next_tone(self) -> int:
        """The next frequency (Hz) of the rig's tones."""
        with self._tone_lock:
            return next(self._tones)

    def root(self, variant: str = "run") -> Root:
        """The cached root of a variant."""
        return ensure_root(variant)

    def node(self, name: str = "pbx", variant: str = "run", disk: str = "ram", boot: bool = True) -> Node:
        """Makes a node with a party of its own, and boots it."""
        node = Node(self._dir, self.root(variant), self.network.party(name), name, disk)
        self.nodes.append(node)
        if boot:
            node.boot()
        return node

    def party(self, name: str, addresses: int = 1) -> Party:
        """A bare machine in the network, for strangers, proxies and the like."""
        return self.network.party(name, addresses)

    def capture(self, party: Party, audio: bool = True) -> Capture:
        """The capture of a party, started at the first call."""
        if party.name not in self._captures:
            pcap = self._pcap_dir / f"{party.name}.pcap" if self._pcap_dir else None
            self._captures[party.name] = Capture(party, pcap, audio)
        return self._captures[party.name]

    def _side(self, party: Party, target: str, audio: bool) -> Side:
        if party.name not in self._workshops:
            self._workshops[party.name] = Workshop(party, self.root(), self._dir.path / f"party-{party.name}")
        return Side(party, self.capture(party, audio), self._workshops[party.name], self.scheduler, target, self.id)

    def carrier(self, node: Node | str, name: str = "carrier", audio: bool = True) -> Carrier:
        """A trunk with an address of its own, towards a node (or "address:port")."""
        target = node if isinstance(node, str) else node.address
        party = self.network.parties.get(name) or self.party(name)
        return Carrier(self._side(party, target, audio), self.next_tone)

    def phone(
        self,
        node: Node | str,
        user: str,
        password: str,
        *,
        party: str = "phones",
        tone: int | None = None,
        register: bool = True,
        answer_after: float | None = 1.0,
        refuse_with: int | None = None,
        hang_up_after: float | None = None,
        standalone: bool = False,
    ) -> Phone:
        """A phone at an address of its own in the party `party`, registered unless told not to."""
        target = node if isinstance(node, str) else node.address
        known = self.network.parties.get(party)
        host = known or self.party(party)
        address = host.add_address() if known else host.address
        phone = Phone(
            self._side(host, target, True),
            user,
            password,
            address,
            tone or self.next_tone(),
            answer_after,
            refuse_with,
            hang_up_after,
            standalone,
        )
        if register:
            phone.register()
        return phone

    def far_end(self, node: Node | str, name: str, *, tone: int | None = None) -> Phone:
        """A carrier that takes calls: at the address of the party `name`, port 5060, without an account."""
        target = node if isinstance(node, str) else node.address
        party = self.network.parties.get(name) or self.party(name)
        phone = Phone(self._side(party, target, True), "far-end", "", party.address, tone or self.next_tone())
        phone.wait_listening()
        return phone

    def phone_bank(
        self,
        node: Node | str,
        accounts: Mapping[str, str],
        *,
        party: str = "bank",
        answer_after: float | None = 0.0,
        hang_up_after: float | None = None,
        sound: bool = False,
    ) -> PhoneBank:
        """Many registered phones of one behaviour behind one SIPp (see load.py)."""
        target = node if isinstance(node, str) else node.address
        host = self.network.parties.get(party) or self.party(party)
        return PhoneBank(
            self._side(host, target, sound),
            accounts,
            host.address,
            self.next_tone(),
            answer_after,
            hang_up_after,
            sound,
        )

    def keep(self) -> None:
        """Leaves the run's machines running when this process ends (`rig down ID` ends them)."""
        self._dir.keep()
        self._closed = True

    def close(self) -> None:
        """Removes everything. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self.scheduler.close()
        for capture in self._captures.values():
            capture.stop()
        self._dir.remove()
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)

    def __enter__(self) -> Run:
        """The run itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Removes everything."""
        self.close()


def _on_sigterm(
    close: Callable[[], None],
) -> Callable[[int, FrameType | None], object] | int | None:
    """Makes SIGTERM clean up; returns the handler that was there, None off the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def handler(number: int, frame: FrameType | None) -> None:
        close()
        # Not sys.exit: inside a test, pytest would take that for the test's failure and go on without machines.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    return signal.signal(signal.SIGTERM, handler)
