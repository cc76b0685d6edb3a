"""Sound of one call of a softphone: RTP with a tone, and RTCP that says how it hears."""

from __future__ import annotations

import random
import re
import secrets
import socket
import struct
import threading
import time
from array import array
from collections import deque
from collections.abc import Sequence

from rig.audio import RATE, Sound, decode_g711, encode_ulaw
from rig.audio import tone as sine
from rig.net import Party
from rig.plan import KEYS

FRAME = 160
NTP = 2_208_988_800
"""Seconds from 1900, NTP's epoch, to 1970."""
RTCP_SECONDS = 1.0
KEY_TYPE, KEY_PACKETS = 101, 5
"""RTP's payload type of keys, and how many packets one key is held for."""


class Media:
    """RTP and RTCP of one call: sends a tone, hears, and reports on what it hears (RFC 3550, section 6.4)."""

    def __init__(self, party: Party, frequency: int, kind: int = 0, payloads: Sequence[bytes] = ()) -> None:
        """Opens two ports, the second one higher by one.

        Args:
            party: whose machine.
            frequency: of the tone that it sends.
            kind: RTP's payload type of its sound; other than 0, `payloads` are sent round and round, not the tone, and
                what comes is kept in `came`.
            payloads: of 20 ms each.
        """
        self.kind, self.came = kind, list[bytes]()
        self._payloads = payloads
        self.rtp, self.rtcp = self._pair(party)
        self.port = self.rtp.getsockname()[1]
        self.far: tuple[str, int] | None = None
        self.muted = False
        self.loss, self.late = 0.0, 0.0
        """A bad network: share of packets that never leave, and seconds that reports take to leave."""
        self._samples: list[tuple[float, array[int]]] = []
        self._wave = encode_ulaw(sine(frequency, 1.0))
        self._ssrc = secrets.randbits(31)
        self._far_ssrc = self._received = self._highest = self._first = 0
        self._jitter, self._transit = 0.0, None
        self._last_report = (0, 0.0)
        self._placed, self._begun, self._first_stamp = -1, 0.0, 0
        self._sent = 0
        self._keys: deque[tuple[int, int]] = deque()
        self._key_began = 0
        self._over = threading.Event()
        for work in (self._hear, self._speak, self._hear_reports):
            threading.Thread(target=work, daemon=True).start()

    @staticmethod
    def _pair(party: Party) -> tuple[socket.socket, socket.socket]:
        while True:
            rtp = party.socket(socket.SOCK_DGRAM)
            try:
                rtcp = party.socket(socket.SOCK_DGRAM, rtp.getsockname()[1] + 1)
            except OSError:
                rtp.close()
                continue
            rtp.settimeout(0.2)
            rtcp.settimeout(0.2)
            return rtp, rtcp

    def _hear(self) -> None:
        while not self._over.is_set():
            try:
                packet = self.rtp.recv(2048)
            except OSError:
                continue
            now = time.monotonic()
            if len(packet) < 12 or packet[1] & 0x7F != self.kind:
                continue
            if self.kind:
                self.came.append(packet[12:])
                continue
            sequence, stamp, ssrc = struct.unpack_from("!HII", packet, 2)
            self._count(sequence, stamp, ssrc, now)
            self._samples.append((self._place(ssrc, stamp, now), decode_g711(packet[12:])))

    def _place(self, ssrc: int, stamp: int, now: float) -> float:
        """When a packet's sound is heard: by RTP's clock, set anew when it is far from what the packets say."""
        at = self._begun + ((stamp - self._first_stamp) & 0xFFFFFFFF) / RATE
        if ssrc != self._placed or abs(now - at) > 0.25:
            self._placed, self._begun, self._first_stamp, at = ssrc, now, stamp, now
        return at

    def _count(self, sequence: int, stamp: int, ssrc: int, now: float) -> None:
        if ssrc != self._far_ssrc:
            self._far_ssrc, self._received, self._highest, self._first = ssrc, 0, sequence, sequence
            self._jitter, self._transit = 0.0, None
        self._received += 1
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest += ahead
        transit = now * RATE - stamp
        if self._transit is not None:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit

    def _speak(self) -> None:
        began, next_report = time.monotonic(), time.monotonic() + RTCP_SECONDS
        number, sequence = 0, secrets.randbits(15)
        while not self._over.wait(max(0.0, began + number * 0.02 - time.monotonic())):
            if self.far is not None and self._keys:
                self._send_key(number, (sequence + number) & 0xFFFF)
            elif self.far is not None and not self.muted:
                at = number * FRAME % RATE
                sound = self._wave[at : at + FRAME]
                if self._payloads:
                    sound = self._payloads[number % len(self._payloads)]
                head = struct.pack("!BBHII", 0x80, self.kind, (sequence + number) & 0xFFFF, number * FRAME, self._ssrc)
                if random.random() >= self.loss:
                    self._send(self.rtp, head + sound, self.far)
                self._sent += 1
            number += 1
            if time.monotonic() >= next_report:
                next_report += RTCP_SECONDS
                self._report(number * FRAME)

    def press(self, keys: str) -> None:
        """Keys, one after the other (RFC 4733): 100 ms each, 100 ms between them."""
        for key in keys:
            self._keys += [(KEYS.index(key), packet) for packet in range(KEY_PACKETS)] + [(-1, 0)] * KEY_PACKETS

    @property
    def keys_left(self) -> bool:
        """Whether keys are still to go out."""
        return bool(self._keys)

    def _send_key(self, number: int, sequence: int) -> None:
        key, packet = self._keys.popleft()
        if key < 0 or self.far is None:
            return
        if packet == 0:
            self._key_began = number * FRAME
        last = packet == KEY_PACKETS - 1
        head = struct.pack(
            "!BBHII", 0x80, KEY_TYPE | (0x80 if packet == 0 else 0), sequence, self._key_began, self._ssrc
        )
        event = struct.pack("!BBH", key, 10 | (0x80 if last else 0), (packet + 1) * FRAME)
        for _ in range(3 if last else 1):
            self._send(self.rtp, head + event, self.far)

    def _send(self, sock: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        try:
            sock.sendto(data, to)
        except OSError:
            pass

    def _hear_reports(self) -> None:
        """Each at once: what it waits is part of the far end's round trip, unless told as DLSR."""
        while not self._over.is_set():
            try:
                packet = self.rtcp.recv(2048)
            except OSError:
                continue
            if len(packet) >= 28 and packet[1] == 200:
                self._last_report = (struct.unpack_from("!I", packet, 10)[0], time.monotonic())

    def _report(self, stamp: int) -> None:
        if self.far is None:
            return
        now = time.time() + NTP
        head = struct.pack("!IIIII", self._ssrc, int(now), int(now % 1 * 2**32), stamp, self._sent)
        block = b""
        if self._received:
            lost = max(0, self._highest - self._first + 1 - self._received)
            share = min(255, 256 * lost // max(1, self._highest - self._first + 1))
            stamp_of_report, at = self._last_report
            delay = int((time.monotonic() - at) * 65536) if at else 0
            block = struct.pack(
                "!IIIIII",
                self._far_ssrc,
                share << 24 | lost,
                self._highest,
                int(self._jitter),
                stamp_of_report,
                delay,
            )
        words = (28 + len(block)) // 4 - 1
        report = struct.pack("!BBH", 0x80 | bool(block), 200, words) + head + struct.pack("!I", self._sent * FRAME)
        name = struct.pack("!BBHI", 0x81, 202, 3, self._ssrc) + b"\x01\x04soft\x00\x00"
        packet = report + block + name
        threading.Timer(self.late, self._send, (self.rtcp, packet, (self.far[0], self.far[1] + 1))).start()

    @property
    def seconds(self) -> float:
        """How long it has been sending."""
        return self._sent * 0.02

    @property
    def heard(self) -> Sound:
        """What was heard so far, by this machine's monotonic clock."""
        samples = list(self._samples)
        return Sound(samples, RATE, (samples[0][0], samples[-1][0] + 0.02) if samples else (0.0, 0.0))

    def close(self) -> None:
        """Falls silent."""
        if not self._over.is_set():
            self._over.set()
            self.rtp.close()
            self.rtcp.close()


def far_end(body: str) -> tuple[str, int] | None:
    """Where an SDP wants its sound."""
    address = re.search(r"c=IN IP4 (\S+)", body)
    port = re.search(r"m=audio (\d+)", body)
    return (address[1], int(port[1])) if address and port else None
