"""What the control socket offers of alarms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from jackfield.alarms.models import KEY, TEXT, Severity
from jackfield.alarms.service import Alarms
from jackfield.alarms.store import entries_json
from jackfield.control.method import Caller, Method, Role
from jackfield.i18n import sentences

S_ = sentences("jackfield")

Key = Annotated[str, Field(max_length=KEY, description="Key of the alarm")]
Text = Annotated[str, Field(max_length=TEXT)]
Tongue = Annotated[Literal["en", "zh"], Field(description="Language of the texts")]


def methods(alarms: Alarms) -> list[Method]:
    """Control methods about alarms."""

    def active(language: Tongue = "en") -> list[dict[str, Any]]:
        """The alarms that are up, worst first."""
        return [alarm.as_json(language) for alarm in alarms.active()]

    def history(
        key: Annotated[str | None, Field(max_length=KEY, description="Only this alarm")] = None,
        limit: Annotated[int, Field(ge=1, le=10_000, description="How many lines at most")] = 100,
        language: Tongue = "en",
    ) -> list[dict[str, object]]:
        """What happened to alarms, newest first."""
        return entries_json(alarms.history(key=key, limit=limit), language)

    def acknowledge(
        key: Key,
        caller: Caller,
        note: Annotated[Text, Field(description="What is being done about it")] = "",
    ) -> dict[str, Any]:
        """Acknowledge an alarm: somebody looks after it, and it does not escalate."""
        return alarms.acknowledge(key, caller.name, note).as_json()

    def raise_(key: Key, text: Text, severity: Severity = Severity.WARNING, source: Text = "core") -> dict[str, Any]:
        """Raise an alarm, as programs beside the daemon do."""
        alarms.raise_(key, text, severity=severity, source=source)
        return {"raised": key}

    def clear(key: Key, text: Text = "") -> dict[str, Any]:
        """Clear an alarm."""
        alarms.clear(key, text)
        return {"cleared": key}

    def test(text: Text = "") -> dict[str, Any]:
        """Raise an alarm and clear it at once, to see whom it reaches."""
        text = text or S_("This is a test of the alarms; nothing is wrong.")
        key = f"test:{datetime.now(UTC):%H:%M:%S}"  # a new one each time: what comes back soon is not told again
        alarms.raise_(key, text, severity=Severity.WARNING)
        alarms.clear(key)
        return {"raised": key}

    return [
        Method("alarms", active, Role.VIEWER, personal=True),
        Method("alarms.history", history, Role.VIEWER, personal=True, object="{key}"),
        Method("alarms.ack", acknowledge, Role.OPERATOR, change=True, object="{key}"),
        Method("alarms.raise", raise_, Role.ADMIN, change=True, object="{key}"),
        Method("alarms.clear", clear, Role.ADMIN, change=True, object="{key}"),
        Method("alarms.test", test, Role.ADMIN, change=True),
    ]
