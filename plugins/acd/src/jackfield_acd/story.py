"""Why a contact was served as it was: notes that the engine makes as it decides.

A note holds what cannot be found out later (time, agents chosen, and one byte for each agent of the tier: why it could
or could not be rung); words are made of it only when somebody asks (`why`). So it costs well under a microsecond.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jackfield_acd.lines import Face

NOTES = 40
"""Notes kept of one contact; of more, the oldest but the first few go."""
FIRST = 8


class Event(StrEnum):
    """What a note is about."""

    JOINED = "joined"
    BACK = "back"
    WAITS = "waits"
    OFFERED = "offered"
    FAILED = "failed"
    ANSWERED = "answered"
    ENDED = "ended"
    LEFT = "left"
    MOVED = "moved"


Note = tuple[float, Event, "Face | None", bytes, tuple[object, ...]]
"""Time, event, tier, standings of the tier's members (in their order), and what belongs to the event."""


class Story:
    """The notes of one contact, oldest first."""

    __slots__ = ("left_out", "notes")

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.left_out = 0
        """Notes that there was no room for."""

    def add(self, at: float, event: Event, face: Face | None, standings: bytes = b"", *detail: object) -> None:
        """Take down a note."""
        if len(self.notes) >= NOTES:
            del self.notes[FIRST]
            self.left_out += 1
        self.notes.append((at, event, face, standings, detail))
