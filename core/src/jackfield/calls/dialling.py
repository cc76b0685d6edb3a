"""Dialling for a call: ring phones and trunks, bridge, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jackfield.errors import CallerHungUp, UnsafeValue

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.calls.party import Party
    from jackfield.telephony.agi import AgiSession

BeforeDial = Callable[["Call", str, str, list[str]], None]
"""Told call, agent, queue and endpoints before they are rung."""
Talked = Callable[[str], datetime | None]
"""When somebody whom a call dialled last answered."""


@dataclass(frozen=True, slots=True)
class DialResult:
    """What became of a `dial`. Times are in seconds."""

    status: str
    seconds_ringing: float = 0.0
    seconds_talking: float = 0.0


class Dialler:
    """Runs Asterisk's Dial for one call."""

    def __init__(self, session: AgiSession, before: BeforeDial, talked: Talked) -> None:
        self._session = session
        self._before = before
        self._talked = talked

    def dial(
        self,
        call: Call,
        targets: Sequence[str],
        *,
        seconds: int,
        music: str | None,
        caller_id: Party | None,
        agent: str,
        queue: str,
    ) -> DialResult:
        """As `Call.dial`, which see."""
        for target in targets:
            if not target.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum():
                raise UnsafeValue(f"{target!r} is not a target for Dial")
        call.flush()
        self._before(call, agent, queue, [target.partition("/")[2] for target in targets])
        if caller_id is not None:
            call.set_variable("CALLERID(num)", caller_id.number)
            call.set_variable("CALLERID(name)", caller_id.name)
        options = "g" + (f"m({music})" if music else "")
        started, began = datetime.now(UTC), time.monotonic()
        try:
            self._session.run("Dial", "&".join(targets), str(seconds), options)
            status = "ANSWER" if self._answered_since(call, started) else self._session.get_variable("DIALSTATUS")
        except CallerHungUp as error:
            error.dial = self._result(call, "CANCEL", started, time.monotonic() - began)
            raise
        return self._result(call, status, started, time.monotonic() - began)

    def _answered_since(self, call: Call, started: datetime) -> datetime | None:
        """When somebody whom this dial rang answered, by the registry: no need to ask Asterisk again."""
        answered = self._talked(call.id)
        return answered if answered is not None and answered >= started else None

    def _result(self, call: Call, status: str, started: datetime, total: float) -> DialResult:
        """Asterisk's ANSWEREDTIME counts from when the caller was answered; the legs know better."""
        answered = self._answered_since(call, started)
        if answered is None:
            return DialResult(status, 0.0 if status == "ANSWER" else total, total if status == "ANSWER" else 0.0)
        ringing = min(total, (answered - started).total_seconds())
        return DialResult("ANSWER", ringing, total - ringing)
