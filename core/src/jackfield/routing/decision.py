"""What is decided of a call to the outside, and of what. No I/O in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from jackfield.calls.party import Party

ON_BEHALF = "outbound_for"
"""Key of `call.set_data`: the extension on whose account somebody else's call goes out (its forwarding)."""
FOR_QUEUE = "outbound-for-queue"
"""Key of `call.set_data`: a queue has a number called, as `{number, may_call, agent, queue}`. The call goes out with
the permissions of the queue, and only to that number; agent and queue go on record."""
ACCOUNT_CODES = frozenset({401, 402, 403, 407})
"""SIP answers by which a carrier refuses us, and not the number: another carrier may take the call."""
_ABOUT_THE_NUMBER = frozenset({1, 17, 19, 21, 22, 28})
"""Q.850: unallocated, busy, no answer, rejected, number changed, invalid number."""
EMERGENCY_TRY_SECONDS = 6
EMERGENCY_RING_SECONDS = 120


class Reason(StrEnum):
    """Why a call does not go out."""

    NO_ROUTE = "no-route"
    NOT_ALLOWED = "not-allowed"
    BARRED = "barred"
    LIMIT = "limit"
    LINES_BUSY = "lines-busy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call does not go out; `text` is one sentence."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One trunk to try: the number as sent, and who is shown (None: the caller as is)."""

    trunk: str
    number: str
    caller_id: Party | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a number. Either `attempts`, in order, or a `refusal`; `rules` are sentences for people."""

    number: str
    route: str = ""
    permission: str = ""
    emergency: str = ""
    """The emergency number that it is, or ''."""
    numbers: tuple[str, ...] = ()
    """As dialled, and as the route makes it: what limits look at."""
    attempts: tuple[Attempt, ...] = ()
    refusal: Refusal | None = None
    try_seconds: int = EMERGENCY_TRY_SECONDS
    ring_seconds: int = EMERGENCY_RING_SECONDS
    fallback: str = ""
    rules: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "number": self.number,
            "route": self.route,
            "permission": self.permission,
            "emergency": self.emergency,
            "attempts": [
                {
                    "trunk": a.trunk,
                    "number": a.number,
                    "caller_id": a.caller_id.number if a.caller_id else None,
                    "withheld": a.withheld,
                }
                for a in self.attempts
            ],
            "refused": str(self.refusal.reason) if self.refusal else None,
            "why": self.refusal.text if self.refusal else None,
            "fallback": self.fallback or None,
            "rules": list(self.rules),
        }


@dataclass(frozen=True, slots=True)
class Used:
    """Calls to the outside: at once, and within the last hour."""

    at_once: int = 0
    per_hour: int = 0
    minutes_per_hour: float = 0.0


class Situation(Protocol):
    """What is going on, as far as routing asks."""

    def reachable(self, trunk: str) -> bool:
        """Whether calls can go out by a trunk now; True when nobody knows."""

    def trunk_calls(self, trunk: str) -> int:
        """Calls on a trunk now, both ways."""

    def used(self, extensions: frozenset[str] | None, prefix: str) -> Used:
        """Calls to the outside of these extensions (None: of everybody) to numbers that begin so."""

    def barred(self, extension: str) -> str:
        """Why an extension may not call outside at all now, or ''."""


class _Quiet:
    def reachable(self, trunk: str) -> bool:
        return True

    def trunk_calls(self, trunk: str) -> int:
        return 0

    def used(self, extensions: frozenset[str] | None, prefix: str) -> Used:
        return Used()

    def barred(self, extension: str) -> str:
        return ""


QUIET: Situation = _Quiet()
"""All trunks are well and free, nobody has used anything: whether a number may be called at all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wants a number. `extension` is on whose account, None for a call from outside that is sent out again."""

    number: str
    extension: str | None
    caller: Party
    now: datetime
    may_call: tuple[str, ...] | None = None
    """What it may call, whoever asks; None: what the extension may, or any call from outside."""


def worth_another(status: str, code: int, cause: int) -> bool:
    """Whether the next trunk is tried: this one failed, and not the number or the person called.

    Args:
        status: Asterisk's DIALSTATUS.
        code: the far side's final SIP answer (RFC 3261, 21); 0 when none came.
        cause: Q.850 cause.
    """
    if status not in ("CHANUNAVAIL", "CONGESTION"):
        return False
    if code >= 300:
        return code == 408 or 500 <= code < 600 or code in ACCOUNT_CODES
    return cause not in _ABOUT_THE_NUMBER
