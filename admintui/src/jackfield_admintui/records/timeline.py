"""A call's path on a line of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from jackfield_admintui.texts import clock, moment, plain, span


def timeline(call: Mapping[str, Any], width: int, now: datetime | None = None) -> Text:
    """Each destination with its share of the call's time, and what became of it there."""
    steps: Sequence[Mapping[str, Any]] = call["steps"]
    begin = moment(call["started_at"])
    if begin is None or not steps:
        return Text()
    end = moment(call["ended_at"]) or now or datetime.now(UTC)
    whole = max((end - begin).total_seconds(), 0.001)
    names = min(28, max(cell_len(plain(step["destination"])) for step in steps))
    room = max(10, min(48, width - names - 30))
    text = Text()
    for step in steps:
        entered, left = moment(step["entered_at"]) or begin, moment(step["left_at"]) or end
        start, share = place((entered - begin).total_seconds() / whole, (left - entered).total_seconds() / whole, room)
        text.append(f"{clock(step['entered_at'])[-8:]} ", "dim")
        text.append(set_cell_size(plain(step["destination"]), names) + " ", "bold")
        text.append("·" * start, "dim")
        text.append("━" * share)
        text.append("·" * (room - start - share), "dim")
        text.append(f" {span((left - entered).total_seconds()):>6}")
        if step["outcome"]:
            text.append(f"  → {plain(step['outcome'])}")
        text.append("\n")
    return text


def place(start: float, share: float, room: int) -> tuple[int, int]:
    """Cells before and of a bar that begins at `start` and takes `share` of a line; never beyond it, never nothing.

    >>> place(0.5, 0.5, 10)
    (5, 5)
    """
    first = min(room - 1, max(0, round(start * room)))
    return first, max(1, min(room - first, round(share * room)))
