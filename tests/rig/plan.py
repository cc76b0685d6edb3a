"""What a telephone side does once the call is up, and the RTP that does it.

A whole plan becomes one RTP stream in a pcap file, so tone, silence and keys (RFC 4733)
share one SSRC and one clock, as from a real telephone. SIPp replays the file.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .audio import PCMU, RATE, TELEPHONE_EVENT, encode_ulaw
from .hostsys import RigError

PACKET = 0.02  # seconds of sound in a packet
SAMPLES = 160
SILENT = b"\xff" * SAMPLES
AMPLITUDE = 8000
KEYS = "0123456789*#ABCD"


@dataclass(frozen=True)
class Step:
    """One step of a plan; make it with the functions below."""

    kind: str
    seconds: float = 0.0
    digits: str = ""
    on: float = 0.0
    off: float = 0.0


def wait(seconds: float) -> Step:
    """Sends the own tone for so long."""
    return Step("tone", seconds)


talk = wait


def silence(seconds: float) -> Step:
    """Sends silence for so long."""
    return Step("silence", seconds)


def dtmf(digits: str, on: float = 0.1, off: float = 0.1) -> Step:
    """Presses keys, each held `on` seconds with `off` seconds between."""
    bad = set(digits) - set(KEYS)
    if bad:
        raise RigError(f"dtmf({digits!r}): {sorted(bad)} are no keys; use {KEYS}.")
    return Step("dtmf", (on + off) * len(digits), digits, on, off)


def hangup() -> Step:
    """Hangs up now."""
    return Step("hangup")


def until_bye(limit: float = 120.0) -> Step:
    """Sends the own tone until the far side hangs up; hangs up itself after `limit`."""
    return Step("tone", limit)


def cancel(after: float = 0.0, of: str = "ringing") -> Step:
    """Gives up before the answer, so long after "invite", "ringing" (180) or "progress" (183).

    The only step of its plan.
    """
    if of not in {"invite", "ringing", "progress"}:
        raise RigError(f'cancel(of={of!r}): of is "invite", "ringing" or "progress".')
    return Step("cancel", after, of)


def talk_seconds(plan: Sequence[Step]) -> float:
    """How long the side stays in the call if the far side does not hang up."""
    total = 0.0
    for step in plan:
        if step.kind == "hangup":
            break
        total += step.seconds if step.kind != "cancel" else 0.0
    return total


@lru_cache(maxsize=64)
def _tone_packets(frequency: int) -> list[bytes]:
    """A tone's packets for as many whole periods as repeat without a click."""
    period = RATE // math.gcd(RATE, frequency)
    length = math.lcm(period, SAMPLES)
    step = 2 * math.pi * frequency / RATE
    data = encode_ulaw(round(AMPLITUDE * math.sin(step * i)) for i in range(length))
    return [data[i : i + SAMPLES] for i in range(0, length, SAMPLES)]


def _rtp(sequence: int, stamp: int, ssrc: int, kind: int, marker: bool, payload: bytes) -> bytes:
    return (
        struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
        + payload
    )


def rtp_packets(plan: Sequence[Step], frequency: int, payload_type: int = PCMU) -> Iterator[tuple[float, bytes]]:
    """The RTP packets of a plan with the seconds after its start when each is sent."""
    tone, n, now = _tone_packets(frequency), 0, 0.0
    chance = random.Random()
    ssrc, sequence, base = chance.getrandbits(32), chance.getrandbits(15), chance.getrandbits(31)
    fresh = True
    for step in plan:
        if step.kind == "hangup":
            return
        if step.kind == "dtmf":
            for digit in step.digits:
                for at, event, first in _event_packets(digit, step.on):
                    stamp = base + round(now * RATE)
                    packet = _rtp(sequence, stamp, ssrc, TELEPHONE_EVENT, first, event)
                    yield now + at, packet
                    sequence += 1
                now += step.on + step.off
            fresh = True
            continue
        end = now + (step.seconds if step.kind != "cancel" else 0.0)
        while now + PACKET <= end + 1e-9:
            payload = tone[n % len(tone)] if step.kind == "tone" else SILENT
            stamp = base + round(now * RATE)
            yield now, _rtp(sequence, stamp, ssrc, payload_type, fresh, payload)
            n, sequence, now, fresh = n + 1, sequence + 1, now + PACKET, False


def _event_packets(digit: str, on: float) -> Iterator[tuple[float, bytes, bool]]:
    """RFC 4733 packets of one key: an update every 20 ms, the end three times."""
    key, at, first = KEYS.index(digit), 0.0, True
    while at + PACKET < on or first:
        length = round(min(at + PACKET, on) * RATE)
        yield at, struct.pack("!BBH", key, 10, length), first
        at, first = at + PACKET, False
    for _ in range(3):
        yield on, struct.pack("!BBH", key, 0x80 | 10, round(on * RATE)), False


def write_pcap(path: Path, packets: Iterator[tuple[float, bytes]]) -> None:
    """Writes RTP packets as a pcap that SIPp's play_pcap_audio takes (raw IPv4 and UDP)."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for at, rtp in packets:
            udp = struct.pack("!HHHH", 4000, 4000, 8 + len(rtp), 0) + rtp
            ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0, 0)
            micros = round((1 + at) * 1e6)  # SIPp takes time 0 for "no packet yet"
            size = len(ip) + len(udp)
            out.write(struct.pack("<IIII", *divmod(micros, 10**6), size, size) + ip + udp)
