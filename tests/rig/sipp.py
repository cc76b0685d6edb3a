"""Runs SIPp from a root in a party's namespace, and steers it while it runs.

SIPp is steered by requests of our own (RIGANSWER, RIGBYE…) that carry the Call-ID of
the call; they go over the party's loopback, so the node never sees them.
"""

from __future__ import annotations

import itertools
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from .dialog import SipMessage
from .hostsys import RigError
from .net import Party
from .plan import KEYS, Step, rtp_packets, write_pcap
from .root import Root

TEMPLATES = Path(__file__).parent / "scenarios"
REJECTIONS = (
    *range(300, 306),
    *range(400, 425),
    428,
    429,
    433,
    *range(480, 489),
    491,
    493,
    494,
    *range(500, 506),
    513,
    580,
    600,
    603,
    604,
    606,
    607,
)
REFUSALS = (302, 404, 480, 486, 488, 500, 503, 603)
# The root is only read: the party's folder comes over one mount point of it, in a mount
# namespace of SIPp's own.
CHROOT = """
mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" && mount --bind "$1" "$2/mnt/party" &&
root="$2" && shift 2 && exec chroot "$root" "$@"
"""
_numbers = itertools.count(1)


def fill(name: str, values: Mapping[str, object]) -> str:
    """A scenario template with its @NAMES@ replaced; a line whose only value is empty goes.

    Raises RigError for a name without a value.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise RigError(f"The scenario {name} wants @{match[1]}@, which was not given.")
        return str(values[match[1]])

    lines = []
    for line in (TEMPLATES / f"{name}.xml").read_text().splitlines():
        new = re.sub(r"@([A-Z_]+)@", value, line)
        if new.strip() or not line.strip():
            lines.append(new)
    return "\n".join(lines) + "\n"


def rejections() -> str:
    """Optional receipts of every refusal, in SIPp's language."""
    return "\n".join(f'  <recv response="{code}" optional="true" next="rejected" />' for code in REJECTIONS)


def key_receipts() -> str:
    """Receipts of the requests that press a key."""
    return "\n".join(f'  <recv request="RIGKEY{i}" optional="true" next="key{i}" />' for i in range(len(KEYS)))


def play(pcap: str) -> str:
    """The action that plays a pcap of the party's folder; empty for an empty name."""
    return f'<action><exec play_pcap_audio="/mnt/party/{pcap}" /></action>' if pcap else ""


def key_actions(pcap: str) -> str:
    """Plays one key, then the tone again."""
    return "\n".join(
        f'  <label id="key{i}" />\n  <nop>{play(f"key{i}.pcap")}</nop>\n'
        f'  <pause milliseconds="200" />\n  <nop next="talk">{play(pcap)}</nop>'
        for i in range(len(KEYS))
    )


def refusal_receipts() -> str:
    """Receipts of the requests that make a telephone refuse."""
    return "\n".join(f'  <recv request="RIGREFUSE{c}" optional="true" next="refuse{c}" />' for c in REFUSALS)


def refusal_actions(uid: str) -> str:
    """What a refusing telephone sends."""
    return "\n".join(
        f'  <label id="refuse{code}" />\n  <send retrans="500" next="refused">\n<![CDATA[\n'
        f"SIP/2.0 {code} Refused\n[last_Via:]\n[last_From:]\n"
        f"[last_To:];tag={uid}-[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Content-Length: 0\n\n]]>\n  </send>"
        for code in REFUSALS
    )


class Workshop:
    """A party's folder of scenarios and sounds, and its numbers for ports and calls."""

    def __init__(self, party: Party, root: Root, folder: Path) -> None:
        """folder: made if missing; belongs to the run."""
        self.party, self.root, self.folder = party, root, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._ports = itertools.count(0)
        self._plans: dict[tuple[object, ...], str] = {}
        self._lock = threading.Lock()  # calls are placed from several threads at once
        self.processes: list[SippProcess] = []

    def ports(self) -> tuple[int, int, int]:
        """Fresh ports in this namespace: SIP, RTP (100 of them), SIPp's control."""
        n = next(self._ports)
        return 5060 + n % 6000, 12000 + 100 * (n % 480), 4999 - n % 3900

    def sound(self, plan: Iterable[Step], frequency: int) -> str:
        """The pcap of a plan, made once; its name in the folder."""
        key = (tuple(plan), frequency)
        with self._lock:
            if key not in self._plans:
                name = f"plan{len(self._plans)}.pcap"
                write_pcap(self.folder / name, rtp_packets(key[0], frequency))
                self._plans[key] = name
            return self._plans[key]

    def key_sounds(self) -> None:
        """Makes the pcaps of single keys."""
        from .plan import dtmf

        for i, key in enumerate(KEYS):
            path = self.folder / f"key{i}.pcap"
            if not path.exists():
                write_pcap(path, rtp_packets([dtmf(key)], 500))

    def start(
        self,
        name: str,
        scenario: str,
        target: str,
        address: str,
        sip_port: int,
        rtp_port: int,
        control_port: int,
        options: Iterable[str] = (),
        rtp_ports: int = 98,
    ) -> SippProcess:
        """Starts SIPp on a scenario text."""
        file = f"{name}-{next(_numbers)}.xml"
        (self.folder / file).write_bytes(scenario.encode("utf-8", "surrogateescape"))
        log = self.folder / f"{file}.err"
        argv = [
            "unshare",
            "-m",
            "--propagation",
            "private",
            "sh",
            "-c",
            CHROOT,
            "sh",
            str(self.folder),
            str(self.root.path),
            "sipp",
            *([target] if target else []),
            "-sf",
            f"/mnt/party/{file}",
            "-i",
            address,
            "-mi",
            address,
            "-p",
            str(sip_port),
            "-bind_local",
            "-min_rtp_port",
            str(rtp_port),
            "-max_rtp_port",
            str(rtp_port + rtp_ports),
            "-cp",
            str(control_port),
            "-nostdin",
            "-aa",
            "-trace_err",
            "-error_file",
            f"/mnt/party/{log.name}",
            "-deadcall_wait",
            "2000",
            *options,
        ]
        with (self.folder / f"{file}.out").open("wb") as out:
            process = SippProcess(self.party, self.party.popen(argv, out), address, sip_port, log)
        self.processes.append(process)
        return process


class SippProcess:
    """A running SIPp."""

    def __init__(self, party: Party, popen: subprocess.Popen[bytes], address: str, port: int, log: Path) -> None:
        """Made by Workshop.start."""
        self.party, self.popen, self.address, self.port, self.log = (party, popen, address, port, log)

    def steer(self, request: str, invite: SipMessage) -> None:
        """Sends one of our own requests for the call of `invite` to this SIPp.

        It carries the INVITE's headers, so that SIPp's [last_…] still mean the INVITE.
        """
        keep = {"via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "record-route"}
        headers = "".join(f"{k.title()}: {v}\r\n" for k, v in invite.headers if k in keep)
        # Each differs: SIPp would take the same bytes again (a key pressed twice) for a retransmission.
        text = (
            f"{request} sip:rig@{self.address} SIP/2.0\r\n{headers}X-Rig: {next(_numbers)}\r\nContent-Length: 0\r\n\r\n"
        )
        # SIPp answers whoever sent last, so the node must seem to have sent this.
        with self.party.socket(socket.SOCK_DGRAM, seem=invite.peer) as sock:
            sock.sendto(text.encode("utf-8", "surrogateescape"), (self.address, self.port))

    def errors(self) -> str:
        """What SIPp complained about."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> None:
        """Ends it at once."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(5)
