"""What was heard: timelines of tones, silence and other sound; prompts; recordings.

Sound is 8 kHz, 16-bit mono. Levels are RMS of full scale 32768. The tones of the rig
are whole multiples of 25 Hz, so in a frame of 40 ms each is an exact Goertzel bin and
none leaks into another.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .hostsys import RigError

if TYPE_CHECKING:
    from .capture import RtpPacket, RtpStream
    from .root import Root

RATE = 8000
FRAME = 0.04  # seconds; 25 Hz a Goertzel bin
SILENCE_RMS = 60.0  # about -55 dBFS: G.711 comfort noise and dither stay below
TONE_SHARE = 0.3  # a tone mixed with another of the same level still has half the power
PURE_SHARE = 0.85
PCMU, PCMA, TELEPHONE_EVENT = 0, 8, 101
DTMF_HZ = (697, 770, 852, 941, 1209, 1336, 1477, 1633)
MUSIC_HZ = (575, 650, 800, 1175, 1400)
"""Notes of Debian's music on hold that reach TONE_SHARE for up to 1.4 s in 10 s (all of it measured)."""
# 25 Hz bins at least 30 Hz away from DTMF, from Asterisk's ring-back and busy tones, and from those notes
TONES = tuple(
    f for f in range(500, 3300, 75) if all(abs(f - g) >= 30 for g in (*DTMF_HZ, *MUSIC_HZ, 350, 440, 480, 620))
)

Span = tuple[float, float]


def _ulaw_table() -> array[int]:
    """ITU-T G.711 µ-law to 16-bit linear."""
    table = array("h")
    for code in range(256):
        value = ~code & 0xFF
        magnitude = (((value & 0x0F) << 3) + 0x84) << ((value & 0x70) >> 4)
        table.append(0x84 - magnitude if value & 0x80 else magnitude - 0x84)
    return table


def _alaw_table() -> array[int]:
    """ITU-T G.711 A-law to 16-bit linear."""
    table = array("h")
    for code in range(256):
        value = code ^ 0x55
        exponent, mantissa = (value & 0x70) >> 4, (value & 0x0F) << 4
        magnitude = mantissa + 8 if exponent == 0 else (mantissa + 0x108) << (exponent - 1)
        table.append(magnitude if value & 0x80 else -magnitude)
    return table


_DECODE = {PCMU: _ulaw_table(), PCMA: _alaw_table()}


def decode_g711(payload: bytes, payload_type: int = PCMU) -> array[int]:
    """G.711 bytes to samples (payload type 0: µ-law, 8: A-law)."""
    table = _DECODE[payload_type]
    return array("h", [table[b] for b in payload])


def encode_ulaw(samples: Iterable[int]) -> bytes:
    """Samples to G.711 µ-law (ITU-T G.711, bias 0x84, clip 32635)."""
    out = bytearray()
    for sample in samples:
        sign = 0x80 if sample < 0 else 0
        magnitude = min(abs(int(sample)), 32635) + 0x84
        exponent = magnitude.bit_length() - 8
        out.append(~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF)
    return bytes(out)


def tone(frequency: float, seconds: float, amplitude: float = 8000) -> array[int]:
    """A sine of so many hertz."""
    step = 2 * math.pi * frequency / RATE
    return array("h", [round(amplitude * math.sin(step * i)) for i in range(int(seconds * RATE))])


def rms(samples: Sequence[int]) -> float:
    """The root mean square of samples; 0 for none."""
    return math.sqrt(sum(x * x for x in samples) / len(samples)) if samples else 0.0


def goertzel_share(samples: Sequence[int], frequency: float, rate: int = RATE) -> float:
    """The part (0 to 1) of the samples' power that is at a frequency.

    Goertzel's algorithm: |X|² = s1² + s2² - 2cos(w)·s1·s2; a pure sine of N samples with
    energy E has |X|² = N·E/2.
    """
    energy = sum(x * x for x in samples)
    if not energy:
        return 0.0
    twice = 2 * math.cos(2 * math.pi * frequency / rate)
    s1 = s2 = 0.0
    for x in samples:
        s1, s2 = x + twice * s1 - s2, s1
    return 2 * (s1 * s1 + s2 * s2 - twice * s1 * s2) / (len(samples) * energy)


@dataclass(frozen=True)
class Frame:
    """One frame of a timeline."""

    at: float  # seconds: monotonic for a call, from its start for a file
    kind: Literal["silence", "tone", "sound"]
    frequency: int  # Hz of a tone, else 0
    rms: float


class Sound:
    """One side's sound as pieces of samples at times; between pieces is silence."""

    def __init__(
        self,
        pieces: Sequence[tuple[float, array[int]]],
        rate: int = RATE,
        span: Span | None = None,
    ) -> None:
        """pieces: (time of the first sample, samples), in order. span: the time looked at."""
        self.pieces, self.rate = list(pieces), rate
        ends = [t + len(s) / rate for t, s in self.pieces]
        first = self.pieces[0][0] if self.pieces else 0.0
        self.start, self.end = span or (first, max(ends, default=first))
        self._samples: array[int] | None = None

    @property
    def seconds(self) -> float:
        """The length of the span."""
        return self.end - self.start

    @property
    def samples(self) -> array[int]:
        """The whole span as samples, silence where nothing came."""
        if self._samples is None:
            out = array("h", bytes(2 * max(0, round(self.seconds * self.rate))))
            for at, data in self.pieces:
                i = round((at - self.start) * self.rate)
                part = data[max(0, -i) : max(0, len(out) - i)]
                out[max(i, 0) : max(i, 0) + len(part)] = part
            self._samples = out
        return self._samples

    def between(self, start: float, end: float) -> Sound:
        """The same sound looked at between two times."""
        return Sound(self.pieces, self.rate, (max(start, self.start), min(end, self.end)))

    def _frames(self, frame: float) -> Iterable[tuple[float, array[int]]]:
        size = round(frame * self.rate)
        samples = self.samples
        for i in range(0, len(samples) - size + 1, size):
            yield self.start + i / self.rate, samples[i : i + size]

    def timeline(self, tones: Sequence[int] = TONES, frame: float = FRAME) -> list[Frame]:
        """What is heard frame by frame: silence, one of `tones`, or other sound."""
        out, last = [], 0
        for at, samples in self._frames(frame):
            level = rms(samples)
            if level < SILENCE_RMS:
                out.append(Frame(at, "silence", 0, level))
                continue
            # The tone of the frame before is by far the likeliest.
            order = [last, *tones] if last else list(tones)
            last = next((f for f in order if goertzel_share(samples, f, self.rate) > PURE_SHARE), 0)
            out.append(Frame(at, "tone" if last else "sound", last, level))
        return out

    def heard_tone(
        self, frequency: int, share: float = TONE_SHARE, gap: float = 0.1, least: float = 0.08
    ) -> list[Span]:
        """When a tone was heard, alone or mixed.

        share: the tone's least part of a frame's power. Spans with gaps of up to `gap`
        seconds are joined; spans shorter than `least` are left out.
        """
        hits = [
            (at, at + FRAME)
            for at, s in self._frames(FRAME)
            if rms(s) >= SILENCE_RMS and goertzel_share(s, frequency, self.rate) >= share
        ]
        return [x for x in join_spans(hits, gap) if x[1] - x[0] >= least - 1e-9]

    def hears(self, frequency: int, least: float = 0.2) -> bool:
        """Whether a tone was heard for at least so many seconds in all."""
        return sum(b - a for a, b in self.heard_tone(frequency)) >= least

    def tones_heard(self, tones: Sequence[int] = TONES, least: float = 0.2) -> dict[int, float]:
        """Which of `tones` were heard as pure tones, with the seconds of each."""
        seconds: dict[int, float] = {}
        for frame in self.timeline(tones):
            if frame.kind == "tone":
                seconds[frame.frequency] = seconds.get(frame.frequency, 0.0) + FRAME
        return {f: s for f, s in seconds.items() if s >= least}

    def silences(self, longer_than: float = 0.2) -> list[Span]:
        """When nothing was heard for longer than so many seconds."""
        quiet = [(f, f + FRAME) for f, s in self._frames(FRAME) if rms(s) < SILENCE_RMS]
        return [x for x in join_spans(quiet, 0.001) if x[1] - x[0] > longer_than]

    def silence_longer_than(self, seconds: float) -> bool:
        """Whether there was such a silence."""
        return bool(self.silences(seconds))

    def sounds(self, gap: float = 0.3, tones: Sequence[int] = TONES) -> list[Span]:
        """When other sound than `tones` (speech, music) was heard."""
        hits = [(f.at, f.at + FRAME) for f in self.timeline(tones) if f.kind == "sound"]
        return join_spans(hits, gap)

    def heard_sound_between(self, start: float, end: float, least: float = 0.1) -> bool:
        """Whether anything at all was audible for `least` seconds between two times."""
        part = self.between(start, end)
        return sum(FRAME for _, s in part._frames(FRAME) if rms(s) >= SILENCE_RMS) >= least

    def find(self, reference: Sequence[int], least: float = 0.7) -> list[tuple[float, float]]:
        """When a prompt (8 kHz samples) was heard: (time of its start, likeness 0 to 1).

        Normalised cross-correlation; needs numpy. Raises RigError without it, or if the
        prompt has under 0.1 s.
        """
        from .match import find_prompt

        return [(self.start + i / self.rate, score) for i, score in find_prompt(self.samples, reference, least)]

    def write_wav(self, path: Path) -> None:
        """Writes the span as a wav file, for a person to listen to."""
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(self.rate)
            out.writeframes(self.samples.tobytes())


def join_spans(spans: Iterable[Span], gap: float) -> list[Span]:
    """Joins spans, sorted by start, whose distance is at most `gap` seconds."""
    out: list[Span] = []
    for start, end in spans:
        if out and start - out[-1][1] <= gap + 1e-9:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def sound_of_streams(streams: Iterable[RtpStream], span: Span | None = None) -> Sound:
    """The sound of RTP streams (G.711), placed by their RTP timestamps."""
    pieces: list[tuple[float, array[int]]] = []
    for stream in streams:
        pieces.extend(_stream_pieces(stream))
    return Sound(sorted(pieces, key=lambda x: x[0]), RATE, span)


def _stream_pieces(stream: RtpStream) -> Iterable[tuple[float, array[int]]]:
    """Each packet's samples at the time when a listener with a jitter buffer hears them.

    The least delay of a talk is taken for the true one: packets that a busy machine held
    back do not move the sound.
    """
    talk: list[tuple[float, RtpPacket]] = []  # (media time by the RTP clock, packet)
    seen: set[tuple[int, int]] = set()
    delay = 0.0
    for packet in stream.packets:
        key = (packet.sequence, packet.timestamp)
        if packet.payload_type not in _DECODE or key in seen:
            continue
        seen.add(key)
        media = packet.timestamp / RATE
        if talk:
            step = (packet.timestamp - talk[-1][1].timestamp + 2**31) % 2**32 - 2**31
            media = talk[-1][0] + step / RATE
            # A mark may come with a new clock; without one only a great jump means that.
            if abs(packet.at - media - delay) > (0.15 if packet.marker else 1.0):
                yield from _placed(talk)
                talk = []
        delay = packet.at - media
        talk.append((media, packet))
    yield from _placed(talk)


def _placed(talk: list[tuple[float, RtpPacket]]) -> Iterable[tuple[float, array[int]]]:
    least = min((packet.at - media for media, packet in talk), default=0.0)
    for media, packet in talk:
        yield media + least, decode_g711(packet.payload, packet.payload_type)


def dtmf_of_streams(streams: Iterable[RtpStream]) -> list[tuple[float, str]]:
    """The RFC 4733 events in RTP streams: (time of the first packet, key)."""
    keys, found, seen = "0123456789*#ABCD", [], set()
    for stream in streams:
        for packet in stream.packets:
            event = (stream.ssrc, packet.timestamp)
            if packet.payload_type == TELEPHONE_EVENT and event not in seen:
                seen.add(event)
                if packet.payload and packet.payload[0] < len(keys):
                    found.append((packet.at, keys[packet.payload[0]]))
    return sorted(found)


def read_wav(data: bytes) -> list[Sound]:
    """The channels of a 16-bit wav file. Raises RigError for another sample width."""
    with wave.open(io.BytesIO(data)) as file:
        if file.getsampwidth() != 2:
            raise RigError(f"The wav has {file.getsampwidth() * 8}-bit samples, not 16.")
        frames = array("h", file.readframes(file.getnframes()))
        count, rate = file.getnchannels(), file.getframerate()
    return [Sound([(0.0, frames[i::count])], rate) for i in range(count)]


def read_recording(data: bytes, root: Root) -> list[Sound]:
    """The channels of a wav, FLAC or Ogg file, decoded by the root's sox if need be."""
    if data[:4] == b"RIFF":
        return read_wav(data)
    kind = {b"fLaC": "flac", b"OggS": "ogg"}.get(data[:4])
    if kind is None:
        raise RigError(f"The file starts with {data[:4]!r}, which is no wav, FLAC or Ogg.")
    return read_wav(root.tool(["sox", "-t", kind, "-", "-b", "16", "-t", "wav", "-"], stdin=data))
