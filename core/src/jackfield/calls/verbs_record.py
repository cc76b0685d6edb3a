"""Verbs that record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from jackfield.calls.verbs_speech import KEYS, Speech
from jackfield.errors import CallerHungUp, UnsafeValue

MAX_SECONDS = 3600.0
"""The longest that `record` takes."""
_HEADER, _BYTES = 44, 16000
"""Of a wav file: its header, and bytes a second (16 bit, 8 kHz)."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record` took down: a wav file (16 bit, 8 kHz, mono). It is yours: move it, or delete it.

    `ended` is the key that ended it, or '' (silence, or the time was up). What is left in the folder is removed after
    a week.
    """

    path: Path
    seconds: float
    ended: str = ""


class Recording(Speech):
    """What is written down of a call's sound."""

    def record(self, *, seconds: float, silence: float | None = None, end: str = "#", beep: bool = True) -> Recorded:
        """Record the caller into a file of its own.

        The caller hears a beep, then nothing, and speaks.

        Args:
            seconds: how long at most, up to an hour.
            silence: stop after so many seconds (whole ones, at least 1) without a sound; None waits for `seconds`.
            end: keys that end it.
            beep: whether to say when to speak.

        Raises:
            CallerHungUp: the caller left; its `recorded` is what was said until then, or None.
            CommandFailed: the file cannot be written (the disk is full).
            ValueError: `seconds` or `silence` make no sense.

        Example:
            >>> recorded = call.record(seconds=120, silence=5)
            >>> recorded.path.suffix
            '.wav'
        """
        if not 0 < seconds <= MAX_SECONDS or (silence is not None and silence < 1):
            raise ValueError(
                f"seconds {seconds}, silence {silence}: up to {MAX_SECONDS:g} s, and at least 1 s of silence"
            )
        if end.strip(KEYS):
            raise ValueError(f"end {end!r}: keys are {KEYS}")
        if beep:
            self.play("beep")
        self.flush()
        self.music(False)
        path = self.desk.takes / f"{uuid.uuid4().hex}.wav"
        stem, limit = str(path.with_suffix("")), int(seconds * 1000)
        command = [f'"{stem}"', "wav", f'"{end}"', limit, *([f"s={int(silence)}"] if silence else [])]
        try:
            value, how = self._session.execute("RECORD FILE", *command)["result"]
        except CallerHungUp as error:
            error.recorded = _recorded(path)
            raise
        return _recorded(path, chr(int(value)) if how == "dtmf" else "") or Recorded(path, 0.0)

    def record_mix(self, path: str) -> None:
        """Have Asterisk write both sides, while bridged, as interleaved stereo (16 bit, 8 kHz, no header) to `path`.

        The caller is on the left. What is in the file already is kept.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: it is not the name of a raw file.

        Example:
            >>> call.record_mix("/var/spool/jackfield/recordings/1.raw")
        """
        if not path.endswith(".raw") or "," in path:
            raise UnsafeValue(f"{path!r} is not the name of a raw recording")
        self._session.run("MixMonitor", path, "abD")

    def stop_mix(self) -> None:
        """Stop what `record_mix` started.

        Raises:
            CallerHungUp: the caller is gone.

        Example:
            >>> call.stop_mix()
        """
        self._session.run("StopMixMonitor")


def _recorded(path: Path, ended: str = "") -> Recorded | None:
    try:
        size = path.stat().st_size
    except OSError:
        return None
    return Recorded(path, max(0, size - _HEADER) / _BYTES, ended)
