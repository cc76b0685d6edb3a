"""Verbs that record."""

from __future__ import annotations

from jackfield.calls.basis import CallBasis
from jackfield.errors import UnsafeValue


class Recording(CallBasis):
    """What is written down of a call's sound."""

    def record_mix(self, path: str) -> None:
        """Have Asterisk write both sides, while bridged, as interleaved stereo (16 bit, 8 kHz, no header) to `path`.

        The caller is on the left. What is in the file already is kept.
        """
        if not path.endswith(".raw") or "," in path:
            raise UnsafeValue(f"{path!r} is not the name of a raw recording")
        self._session.run("MixMonitor", path, "abD")

    def stop_mix(self) -> None:
        """Stop what `record_mix` started."""
        self._session.run("StopMixMonitor")
