"""espeak-ng and sox: text or a sound file in, 8 kHz sound out. Everything goes through pipes."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from jackfield.errors import JackfieldError, Recovery

RATE = 8000
"""Samples a second of all that is played on a call."""
MAX_SECONDS = 600
MAX_UPLOAD = 50 * 1024 * 1024
"""Bytes of an uploaded sound."""
TOOL_SECONDS = 120
WAV_HEADER = 44
"""Bytes of a wav file that holds nothing."""
VOICES = {"en": "en", "zh": "cmn"}
PEAK = "-6"
"""dBFS of the loudest sample: loud enough on any phone, with room for a codec's overshoot."""
_SLN = ("-t", "raw", "-r", str(RATE), "-e", "signed-integer", "-b", "16", "-c", "1")
_TRIM = ("silence", "1", "0.01", "0.3%", "reverse", "silence", "1", "0.01", "0.3%", "reverse", "pad", "0.03", "0.08")


def beep() -> bytes:
    """The tone after which one speaks: 1 kHz for 0.2 s at -12 dBFS, with soft ends, as 16-bit samples at `RATE`."""
    count = RATE // 5
    soft = RATE // 200
    return b"".join(
        int(8192 * min(1, n / soft, (count - n) / soft) * math.sin(math.tau * 1000 * n / RATE)).to_bytes(
            2, "little", signed=True
        )
        for n in range(count)
    )


class SoundError(JackfieldError):
    """A prompt cannot be made; the message says which and why."""

    recovery = Recovery.REFUSE_INPUT


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs, as argument lists that theirs are added to."""

    espeak: tuple[str, ...] = ("espeak-ng",)
    sox: tuple[str, ...] = ("sox",)

    def speak(self, text: str, language: str) -> bytes:
        """A text spoken, as 16-bit samples at `RATE`, trimmed and at an even level.

        Raises:
            SoundError: the program is missing or fails, or the text has nothing to say.
        """
        command = [*self.espeak, "-v", VOICES[language], "-s", "150", "--stdin", "--stdout"]
        wav = _run(command, text.encode(), "espeak-ng")
        nothing = f"nothing can be heard of the {language} text {text[:40]!r}; write words"
        if len(wav) <= WAV_HEADER:
            raise SoundError(nothing)
        sound = self._convert(wav, "wav", (*_TRIM, "gain", "-n", PEAK))
        if not any(sound):
            raise SoundError(nothing)
        return sound

    def upload(self, data: bytes) -> bytes:
        """An uploaded wav or flac file as 16-bit samples at `RATE`, at an even level.

        Raises:
            SoundError: it is no such file, is damaged, too long or empty.
        """
        if len(data) > MAX_UPLOAD:
            raise SoundError(f"is larger than {MAX_UPLOAD // 1024 // 1024} MB; shorten it")
        sound = self._convert(data, _kind(data), ("trim", "0", str(MAX_SECONDS + 1), "gain", "-n", PEAK))
        if not sound:
            raise SoundError("holds no sound")
        if len(sound) > 2 * RATE * MAX_SECONDS:
            raise SoundError(f"is longer than {MAX_SECONDS // 60} minutes; shorten it")
        return sound

    def music(self, data: bytes) -> bytes:
        """A music file as 16-bit samples at `RATE`, at its own level."""
        return self._convert(data, _kind(data), ())

    def _convert(self, data: bytes, kind: str, effects: Sequence[str]) -> bytes:
        return _run([*self.sox, "-V1", "--ignore-length", "-t", kind, "-", *_SLN, "-", *effects], data, "sox")


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] == b"fLaC":
        return "flac"
    raise SoundError("is neither a wav nor a flac file; convert it to one")


def _run(command: list[str], data: bytes, tool: str) -> bytes:
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=TOOL_SECONDS, check=False)
    except FileNotFoundError:
        raise SoundError(f"{tool} is not installed; install the package {tool}") from None
    except subprocess.TimeoutExpired:
        raise SoundError(f"{tool} took longer than {TOOL_SECONDS} s and was stopped") from None
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise SoundError(f"{tool} refuses it: {words[-1][:200] if words else f'exit code {done.returncode}'}")
    return done.stdout
