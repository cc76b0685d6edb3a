"""SIP messages on a party's card with the kernel's times; RTP is left in the kernel by a packet filter."""

from __future__ import annotations

import ctypes
import re
import socket
import struct
import threading
from dataclasses import dataclass

from rig.net import Party, in_namespace

FIRST_PORT, LAST_PORT = 5060, 5099
ETH_P_IP = 0x0800
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
SO_ATTACH_FILTER = 26
_USER = re.compile(rb"sips?:([^@;>\s]*)@")
_HEADER = {
    name: re.compile(rb"\r\n" + name.encode() + rb":[ \t]*([^\r]*)", re.I) for name in ("Call-ID", "From", "CSeq")
}


def _filter() -> list[tuple[int, int, int, int]]:
    """Classic BPF on an IP packet: UDP, not a later fragment, either port within our SIP ports (bpf(4))."""
    byte, half, at_header, load_index = 0x30, 0x28, 0x48, 0xB1
    equal, greater, at_least, test, give = 0x15, 0x25, 0x35, 0x45, 0x06
    return [
        (byte, 0, 0, 9), (equal, 0, 10, socket.IPPROTO_UDP),
        (half, 0, 0, 6), (test, 8, 0, 0x1FFF),
        (load_index, 0, 0, 0),
        (at_header, 0, 0, 0), (at_least, 0, 1, FIRST_PORT), (greater, 0, 3, LAST_PORT),
        (at_header, 0, 0, 2), (at_least, 0, 2, FIRST_PORT), (greater, 1, 0, LAST_PORT),
        (give, 0, 0, 65535),
        (give, 0, 0, 0),
    ]  # fmt: skip


@dataclass(frozen=True)
class Message:
    """One SIP message; `at` is in seconds of the kernel's real-time clock."""

    at: float
    source: str
    target: str
    start: bytes
    call_id: bytes
    from_user: str
    to_user: str
    """Of a request, the user in its URI."""
    cseq: bytes

    @property
    def method(self) -> str:
        """The request's method, '' for a response."""
        return "" if self.start.startswith(b"SIP/2.0") else self.start.split(b" ", 1)[0].decode()


class Sniffer:
    """Collects from its making until `stop`."""

    def __init__(self, party: Party) -> None:
        self._packets: list[tuple[float, bytes]] = []
        self._socket = in_namespace(party.netns, _open)
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stopping:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(65535, 64)
            except TimeoutError:
                continue
            except OSError:
                return
            seconds, nanos = struct.unpack("qq", ancillary[0][2])
            self._packets.append((seconds + nanos / 1e9, data))

    def stop(self) -> list[Message]:
        """All messages in the order in which they passed."""
        self._stopping = True
        self._thread.join(2)
        self._socket.close()
        return [message for at, data in self._packets if (message := _parse(at, data))]


def _open() -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in _filter())
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HL", len(code) // 8, ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    sock.bind(("eth0", 3))
    sock.settimeout(0.5)
    return sock


def _parse(at: float, data: bytes) -> Message | None:
    start = (data[0] & 15) * 4 + 8
    text = data[start:]
    if b" sip:" not in text[:20] and not text.startswith(b"SIP/2.0 "):
        return None
    line = text.split(b"\r\n", 1)[0]
    found = {name: (match[1] if (match := pattern.search(text)) else b"") for name, pattern in _HEADER.items()}
    return Message(
        at, socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20]), line, found["Call-ID"],
        _user(found["From"]), _user(line), found["CSeq"],
    )  # fmt: skip


def _user(text: bytes) -> str:
    match = _USER.search(text)
    return match[1].decode("latin-1") if match else ""
