"""What the control socket offers of alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jackfield.alarms.models import Severity
from jackfield.alarms.service import Alarms
from jackfield.alarms.store import entries_json

TEST = "test"


def methods(alarms: Alarms) -> dict[str, Callable[..., Any]]:
    """Control methods by name."""

    def history(key: str | None = None, limit: int = 100) -> list[dict[str, object]]:
        return entries_json(alarms.history(key=key, limit=limit))

    def acknowledge(key: str, who: str = "", note: str = "") -> dict[str, Any]:
        return alarms.acknowledge(key, who, note).as_json()

    def test(text: str = "This is a test of the alarms; nothing is wrong.") -> dict[str, Any]:
        alarms.raise_(TEST, text, severity=Severity.NOTICE)
        alarms.clear(TEST)
        return {"raised": TEST}

    return {
        "alarms": lambda: [alarm.as_json() for alarm in alarms.active()],
        "alarms.history": history,
        "alarms.ack": acknowledge,
        "alarms.test": test,
    }
