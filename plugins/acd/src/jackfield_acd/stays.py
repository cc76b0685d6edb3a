"""What a call's last talk out of a queue was: it goes with a caller who is transferred."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jackfield_acd.eventlog import Entry, What


@dataclass(frozen=True, slots=True)
class Stay:
    """A caller was in a queue, and an agent took the call. Times are Unix times."""

    queue: str
    agent: str
    since: float
    """When the caller first came into line, in this queue or one before."""
    connected: float
    waited: float
    """Seconds in line, without talks."""


def last(entries: Iterable[Entry]) -> Stay | None:
    """The last talk of a call by what is on record of it, in order; None when there was none."""
    entered: dict[int, Entry] = {}
    found, first = None, float("inf")
    for entry in entries:
        if entry.event is What.ENTERED:
            entered[entry.step] = entry
        elif entry.event is What.CONNECTED:
            brought = float(entered[entry.step].detail["brought"]) if entry.step in entered else 0.0
            connected, waited = entry.at.timestamp(), float(entry.detail["hold"]) + brought
            first = min(first, connected - waited)
            found = Stay(entry.queue, entry.agent, first, connected, waited)
    return found
