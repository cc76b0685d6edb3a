"""Verbs that read the caller's keys."""

from __future__ import annotations

from collections.abc import Sequence

from jackfield.calls.verbs_speech import KEYS, Speech


class Keys(Speech):
    """What the caller types."""

    def ask(
        self,
        sound: str | Sequence[str],
        *,
        digits: int = 1,
        seconds: float = 5.0,
        between: float = 3.0,
        end: str = "#",
    ) -> str:
        """Play prompts and collect keys; a key cuts the prompt short.

        Args:
            sound: as for `play`.
            digits: how many keys at most.
            seconds: time for the first key after the prompt.
            between: time for each further key.
            end: a key that ends the input (it is not part of the answer, unless it is all there is room for).
        """
        typed = self.play(sound, keys=KEYS)
        typed = typed or self.key(seconds)
        if digits > 1 and typed and typed in end:
            return ""
        while typed and len(typed) < digits:
            key = self.key(between)
            if not key or key in end:
                break
            typed += key
        return typed

    def key(self, seconds: float) -> str:
        """Wait for one key; '' when time is up."""
        self.flush()
        return str(self._session.wait_for_digit(int(seconds * 1000)))
