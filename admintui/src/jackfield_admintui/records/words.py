"""Results of calls in words and signs."""

from __future__ import annotations

from jackfield_admintui.texts import N_, _
from jackfield_admintui.widgets.grid import Row

RESULTS = {
    "answered": (N_("answered"), "●", "good"),
    "completed": (N_("completed"), "●", "good"),
    "abandoned": (N_("abandoned"), "▲", "warn"),
    "unanswered": (N_("unanswered"), "○", "warn"),
    "hung-up": (N_("hung up early"), "○", ""),
    "rejected": (N_("rejected"), "✖", "bad"),
    "failed": (N_("failed"), "✖", "bad"),
}


def result(row: Row) -> str:
    """Sign and word; a call that goes on has none yet."""
    name = row.get("result")
    if not name:
        return f"… {_('goes on')}"
    words, sign, _tone = RESULTS.get(str(name), (str(name), "·", ""))
    return f"{sign} {words!s}"


def result_tone(row: Row) -> str:
    """Good, warning or bad."""
    return RESULTS.get(str(row.get("result")), ("", "", "dim"))[2]
