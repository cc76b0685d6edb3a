"""Watches one party's network card: SIP messages and RTP streams, with kernel times.

The reader is a packet socket in the party's namespace, read by a thread of this
process, so nothing has to be started or cleaned up. Every judgement about a call
(codes, times, who hung up, what was heard) is made from these packets and not from
what SIPp or Asterisk says about itself.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from .dialog import Dialog, SipMessage, parse_sip
from .net import Party, in_namespace

ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
PACKET_OUTGOING = 4
SIP_START = re.compile(rb"(SIP/2\.0 \d{3} |[A-Z0-9]+ sips?:\S+ SIP/2\.0\r\n)", re.S)


class RtpPacket(NamedTuple):
    """One RTP packet as it passed the card."""

    at: float  # monotonic seconds
    sequence: int
    timestamp: int  # in samples
    payload_type: int
    marker: bool
    payload: bytes


class RtpStream:
    """All packets of one SSRC from one address to another."""

    def __init__(self, source: tuple[str, int], target: tuple[str, int], ssrc: int) -> None:
        """An empty stream."""
        self.source, self.target, self.ssrc = source, target, ssrc
        self.packets: list[RtpPacket] = []


class Capture:
    """The packets of one party, kept from `start` to `stop`."""

    def __init__(self, party: Party, pcap: Path | None = None, audio: bool = True) -> None:
        """pcap: also writes all packets to this file. audio=False: SIP only, for load."""
        self._party, self._audio = party, audio
        self.dialogs: dict[str, Dialog] = {}
        self.streams: dict[tuple[tuple[str, int], tuple[str, int], int], RtpStream] = {}
        self.listeners: list[Callable[[Dialog, SipMessage], None]] = []
        self.changed = threading.Condition()
        self._fragments: dict[tuple[bytes, bytes, int], dict[int, bytes]] = {}
        self._file: IO[bytes] | None = pcap.open("wb") if pcap else None
        if self._file:
            self._file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101))
        self._socket = in_namespace(party.netns, self._open)
        self._thread = threading.Thread(target=self._read, daemon=True, name=f"cap-{party.name}")
        self._thread.start()

    @staticmethod
    def _open() -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("eth0", ETH_P_ALL))
        sock.settimeout(0.5)
        return sock

    def stop(self) -> None:
        """Ends the capture; what was seen stays readable."""
        sock, self._socket_closed = self._socket, True
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)
        sock.close()
        if self._file:
            self._file.close()

    _socket_closed = False

    def _read(self) -> None:
        while not self._socket_closed:
            try:
                data, ancillary, _, link = self._socket.recvmsg(65535, 64)
            except TimeoutError:
                continue
            except OSError:
                return
            seconds, nanos = struct.unpack("qq", ancillary[0][2]) if ancillary else (0, 0)
            wall = seconds + nanos / 1e9
            at = wall - time.time() + time.monotonic()
            if self._file and link[1] == 0x0800:
                self._file.write(struct.pack("<IIII", seconds, nanos, len(data), len(data)) + data)
            if len(data) > 28 and data[0] >> 4 == 4 and data[9] == socket.IPPROTO_UDP:
                self._packet(data, at, link[2] == PACKET_OUTGOING)

    def _packet(self, data: bytes, at: float, outgoing: bool) -> None:
        header = (data[0] & 15) * 4
        total = int.from_bytes(data[2:4], "big")
        body = data[header:total]
        place = int.from_bytes(data[6:8], "big")
        if place & 0x3FFF:
            whole = self._reassemble(data, body, place)
            if whole is None:
                return
            body = whole
        source = (socket.inet_ntoa(data[12:16]), int.from_bytes(body[0:2], "big"))
        target = (socket.inet_ntoa(data[16:20]), int.from_bytes(body[2:4], "big"))
        payload = body[8:]
        if len(payload) >= 12 and payload[0] >> 6 == 2:
            if self._audio and not 200 <= payload[1] <= 204:  # those are RTCP
                self._rtp(payload, at, source, target)
        elif SIP_START.match(payload):
            self._sip(payload, at, outgoing, target if outgoing else source)

    def _reassemble(self, data: bytes, body: bytes, place: int) -> bytes | None:
        key = (data[12:16], data[16:20], int.from_bytes(data[4:6], "big"))
        parts = self._fragments.setdefault(key, {})
        parts[(place & 0x1FFF) * 8] = body
        if not place & 0x2000:
            parts[-1] = b""  # the last one has come
        whole, size = b"", 0
        for offset in sorted(x for x in parts if x >= 0):
            if offset != size:
                return None
            whole += parts[offset]
            size = len(whole)
        if -1 not in parts:
            return None
        del self._fragments[key]
        return whole

    def _rtp(self, payload: bytes, at: float, source: tuple[str, int], target: tuple[str, int]) -> None:
        first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", payload[:12])
        key = (source, target, ssrc)
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = RtpStream(source, target, ssrc)
        start = 12 + 4 * (first & 15)
        if first & 16:
            start += 4 + 4 * int.from_bytes(payload[start + 2 : start + 4], "big")
        stream.packets.append(RtpPacket(at, sequence, timestamp, second & 127, bool(second & 128), payload[start:]))

    def _sip(self, payload: bytes, at: float, outgoing: bool, peer: tuple[str, int]) -> None:
        message = parse_sip(payload, at, outgoing, peer)
        call_id = message.header("call-id", "i")
        with self.changed:
            dialog = self.dialogs.get(call_id)
            if dialog is None:
                dialog = self.dialogs[call_id] = Dialog(call_id)
            dialog.messages.append(message)
            self.changed.notify_all()
        for listener in list(self.listeners):
            listener(dialog, message)

    def received_streams(self, at: tuple[str, int], start: float, end: float) -> list[RtpStream]:
        """The parts between two times of all streams that arrived at an address and port."""
        found = []
        for stream in list(self.streams.values()):
            if stream.target == at:
                packets = [p for p in list(stream.packets) if start <= p.at <= end]
                if packets:
                    part = RtpStream(stream.source, stream.target, stream.ssrc)
                    part.packets = packets
                    found.append(part)
        return found

    def sent_streams(self, at: tuple[str, int], start: float, end: float) -> list[RtpStream]:
        """The same for what left an address and port."""
        return [
            part
            for target in {s.target for s in list(self.streams.values()) if s.source == at}
            for part in self.received_streams(target, start, end)
            if part.source == at
        ]
