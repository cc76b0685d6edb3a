"""Calls to the outside: the destination `outbound:NUMBER`. Tries trunk after trunk, and says why when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from jackfield.alarms.models import Severity
from jackfield.calls.ledger import Entry, Ledger
from jackfield.calls.lines import OUT, Lines
from jackfield.calls.party import Party
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.trunk import Trunk
from jackfield.i18n import sentences
from jackfield.privacy.mask import is_private, mask_number
from jackfield.routing.decision import FOR_QUEUE, ON_BEHALF, Asked, Attempt, Plan, Reason, Used, worth_another
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.outbound import OutboundRoutes

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.calls.dialling import FarEnd
    from jackfield.config.site import Site
    from jackfield.core import Events

S_ = sentences("jackfield")
log = structlog.get_logger(__name__)
EMERGENCY = "emergency-call:"
"""Key of the notice, before the call's id."""
_REFUSALS = {
    Reason.NO_ROUTE: ("not-in-service", 1),
    Reason.NOT_ALLOWED: ("call-not-allowed", 21),
    Reason.BARRED: ("call-not-allowed", 21),
    Reason.LIMIT: ("call-limit-reached", 21),
    Reason.LINES_BUSY: ("all-lines-busy", 34),
}
"""Prompt and Q.850 cause."""
_WRONG_NUMBER = frozenset({404, 410, 484, 604})


class Alarms(Protocol):
    """What is needed of the alarm service."""

    def raise_(
        self, key: str, text: str, *, severity: Severity, source: str = "core", **detail: str | int | float
    ) -> None:
        """Something that people must know."""

    def clear(self, key: str, text: str = "") -> None:
        """It is over."""


class Situation:
    """What routing asks of the live system."""

    def __init__(self, ledger: Ledger, lines: Lines) -> None:
        """`usable` may be set to what tells whether a trunk is known to be away, `tried` to what hears how it did."""
        self.ledger, self.lines = ledger, lines
        self.usable: Callable[[str], bool] = lambda trunk: True
        self.tried: Callable[[str, str], None] = lambda trunk, failure: None
        self._lock = threading.Lock()
        self._barred: dict[str, str] = {}

    def reachable(self, trunk: str) -> bool:
        """Whether the trunk is not known to be away."""
        return self.usable(trunk)

    def trunk_calls(self, trunk: str) -> int:
        """Calls on a trunk, both ways."""
        return self.lines.held(trunk)

    def used(self, extensions: frozenset[str] | None, prefix: str) -> Used:
        """From the ledger."""
        return self.ledger.used(extensions, prefix)

    def barred(self, extension: str) -> str:
        """Why an extension is kept from calling outside, or ''."""
        return self._barred.get(extension, "")

    def bar(self, extension: str, why: str) -> None:
        """Keep an extension from calling outside; with '' let it again. Emergency numbers pass all the same."""
        with self._lock:
            if why:
                self._barred[extension] = why
            else:
                self._barred.pop(extension, None)


class Outgoing:
    """The handler of `outbound:NUMBER`."""

    def __init__(
        self,
        situation: Situation,
        events: Events,
        now: Callable[[], datetime],
        on_trunk: Callable[[Call, str, str], None],
        tried: Callable[[Call, str, str], None],
    ) -> None:
        """Calls are reported for their record.

        Args:
            situation: the live system.
            events: gets `outbound` for each decision: call, extension, number, route, permission, refused, why.
            now: the time, aware.
            on_trunk: told call, trunk and number before a trunk is tried.
            tried: told call, trunk and what became of it.
        """
        self.situation = situation
        self.alarms: Alarms | None = None
        self._events = events
        self._now = now
        self._on_trunk = on_trunk
        self._tried = tried
        self._routes: tuple[Site, OutboundRoutes] | None = None

    def serve(self, alarms: Alarms, usable: Callable[[str], bool], tried: Callable[[str, str], None]) -> None:
        """Connect what the daemon makes later: alarms, what is known of trunks, and who hears how they did."""
        self.alarms, self.situation.usable, self.situation.tried = alarms, usable, tried

    def kind(self) -> DestinationKind:
        """For the calls' path, in place of the one without services."""
        return DestinationKind("outbound", "A number outside", self.call_out, None, person=True)

    def routes(self, site: Site) -> OutboundRoutes:
        """The routes of a site; those of the last one asked for are kept."""
        kept = self._routes
        if kept is None or kept[0] is not site:
            kept = self._routes = (site, OutboundRoutes(site))
        return kept[1]

    def plan(self, site: Site, number: str, extension: str | None, caller: Party, now: datetime | None = None) -> Plan:
        """What would become of a number: the dry run."""
        return self.routes(site).decide(Asked(number, extension, caller, now or self._now()), self.situation)

    def ended(self, call: str, talked_seconds: float) -> None:
        """A call is over (of any sort)."""
        self.situation.ledger.end(call, talked_seconds)
        if self.alarms is not None:
            self.alarms.clear(EMERGENCY + call)

    def moved(self, trunk: str, before: str, call: str) -> None:
        """A leg on a trunk goes on in another call (attended transfer): the place and the account go with it."""
        self.situation.lines.take(trunk, call, 0, OUT)
        self.situation.ledger.move(before, call)

    # -- the handler -----------------------------------------------------------------------------------------------

    def call_out(self, call: Call, number: str) -> Next:
        """Call a number outside, or say why not."""
        if (again := self.again(call)) is not None:
            return again
        extension = _account(call, number)
        told = _for_queue(call, number)
        may_call = tuple(told["may_call"]) if told else None
        if told:
            call.facts.direction = "outbound"
        plan = self.decide(call, Asked(number, extension, call.caller, self._now(), may_call))
        self._events.publish(
            "outbound",
            call=call.id,
            extension=extension or "",
            number=number,
            route=plan.route,
            permission=plan.permission,
            refused=str(plan.refusal.reason) if plan.refusal else "",
            why=plan.refusal.text if plan.refusal else "",
        )
        if plan.emergency:
            self._notice(call, plan)
        return self.follow(call, plan)

    def again(self, call: Call) -> Next | None:
        """Go on with a call that was on its way out when the daemon was lost; None when this one was not."""
        memo = call.memo
        if call.resumed is not None and "attempts" in memo:
            return self._resume(call, memo)
        if call.resumed is not None and "say" in memo:
            return self._say(call, *memo["say"])
        return None

    def takes(self, site: Site, number: str) -> bool:
        """Whether an outbound route takes a number as dialled."""
        return self.routes(site).takes(number)

    def follow(self, call: Call, plan: Plan) -> Next:
        """Try the plan's trunks, or say why not."""
        if plan.refusal is not None:
            private = is_private([call.at])
            number = mask_number(plan.number) if private else plan.number
            why = plan.refusal.reason if private else plan.refusal.text
            log.info("outbound.refused", call=call.id, number=number, why=str(why))
            if plan.refusal.reason is Reason.LINES_BUSY and plan.fallback:
                return Goto(plan.fallback, str(plan.refusal.reason))
            prompt, cause = _REFUSALS[plan.refusal.reason]
            return self._say(call, prompt, Result.REJECTED, cause, str(plan.refusal.reason))
        answered = call.answered
        call.ringing()
        memo = {
            "attempts": [_packed(attempt) for attempt in plan.attempts],
            "try": plan.try_seconds,
            "ring": plan.ring_seconds,
            "fallback": plan.fallback,
            "hears": answered,
            "emergency": bool(plan.emergency),
        }
        return self._try_from(call, memo, 0)

    def decide(self, call: Call, asked: Asked) -> Plan:
        """What becomes of a number; from then on it counts for limits."""
        ledger = self.situation.ledger
        with ledger.held():
            plan = self.routes(call.site).decide(asked, self.situation)
            if plan.refusal is None:
                first = plan.attempts[0]
                numbers = tuple(dict.fromkeys((asked.number, *plan.numbers, first.number)))
                account = "" if plan.emergency else asked.extension or ""
                ledger.begin(Entry(call.id, account, () if plan.emergency else numbers, self._now()))
        return plan

    def _resume(self, call: Call, memo: dict[str, Any]) -> Next:
        """The daemon was lost while it rang or talked."""
        status = call.resumed.dial_status if call.resumed else ""
        if status == "ANSWER":
            return End(Result.ANSWERED)
        memo = memo | {"hears": True}
        if not status:
            call.ringing()
            return self._try_from(call, memo, memo["at"])
        return self._after(call, memo, memo["at"], status)

    def _try_from(self, call: Call, memo: dict[str, Any], start: int) -> Next:
        for at in range(start, len(memo["attempts"])):
            attempt = _unpacked(memo["attempts"][at])
            if not self._take(call, attempt.trunk, memo["emergency"]):
                self._tried(call, attempt.trunk, "full")
                continue
            call.checkpoint(**(memo | {"at": at}))
            return self._dial(call, memo, at, attempt)
        return self._lines_busy(call, memo)

    def _take(self, call: Call, trunk: str, emergency: bool) -> bool:
        """Whether the trunk has room for this call too; then it is the call's. An emergency call always has it."""
        own = call.site.get("trunk", trunk, Trunk)
        limit = 0 if own is None or emergency else own.max_calls
        return own is not None and self.situation.lines.take(trunk, call.id, limit, OUT)

    def _dial(self, call: Call, memo: dict[str, Any], at: int, attempt: Attempt) -> Next:
        self._on_trunk(call, attempt.trunk, attempt.number)
        if attempt.withheld:
            call.set_variable("CALLERID(pres)", "prohib")
        elif attempt.caller_id is not None:
            call.set_variable("CALLERID(pres)", "allowed")
        told = call.data.get(FOR_QUEUE) or {}
        result = call.dial(
            [f"PJSIP/{attempt.number}@{attempt.trunk}"],
            seconds=memo["ring"],
            try_seconds=memo["try"],
            caller_id=attempt.caller_id,
            agent=told.get("agent", ""),
            queue=told.get("queue", ""),
        )
        return self._after(call, memo, at, result.status)

    def _after(self, call: Call, memo: dict[str, Any], at: int, status: str) -> Next:
        """What follows from how an attempt ended."""
        trunk = _unpacked(memo["attempts"][at]).trunk
        far = call.far_end()
        self._tried(call, trunk, status.lower() if status == "ANSWER" else str(far.code or status.lower()))
        if status == "ANSWER":
            return End(Result.ANSWERED)
        self.situation.lines.leave(trunk, call.id, OUT)
        failed = worth_another(status, far.code, far.cause)
        self.situation.tried(trunk, (f"SIP {far.code}" if far.code else S_("no answer in time")) if failed else "")
        if failed:
            log.warning("outbound.next_trunk", call=call.id, trunk=trunk, status=status, code=far.code, cause=far.cause)
            return self._try_from(call, memo, at + 1)
        return self._not_reached(call, memo, status, far)

    def _not_reached(self, call: Call, memo: dict[str, Any], status: str, far: FarEnd) -> Next:
        """The number or the person said no. An unanswered caller's phone shows it; an answered one must be told."""
        if far.code in _WRONG_NUMBER or far.cause in (1, 22, 28):
            return self._say(call, "not-in-service", Result.UNANSWERED, 1, "not-in-service")
        if status == "BUSY":
            prompt, cause = "number-busy", 17
        elif status == "NOANSWER":
            prompt, cause = "no-answer", 19
        else:
            prompt, cause = "no-answer", 21
        if memo["hears"]:
            return self._say(call, prompt, Result.UNANSWERED, cause, status.lower())
        return End(Result.UNANSWERED, cause, status.lower())

    def _lines_busy(self, call: Call, memo: dict[str, Any]) -> Next:
        if memo["fallback"]:
            return Goto(memo["fallback"], "lines-busy")
        return self._say(call, "all-lines-busy", Result.REJECTED, 34, "lines-busy")

    def _say(self, call: Call, prompt: str, result: str, cause: int, outcome: str) -> Next:
        call.answer()
        call.checkpoint(say=[prompt, str(result), cause, outcome])
        call.play(prompt)
        return End(Result(result), cause, outcome)

    def _notice(self, call: Call, plan: Plan) -> None:
        own = call.site.get("extension", call.extension, Extension) if call.extension else None
        who: str = call.extension or call.caller.number
        if own and own.title:
            who = S_("extension {extension} ({title})", extension=own.name, title=own.title)
        log.warning("outbound.emergency", call=call.id, number=plan.emergency, extension=call.extension)
        if self.alarms is not None:
            self.alarms.raise_(
                EMERGENCY + call.id,
                S_(
                    "{who} calls the emergency number {number}; see that help finds the way in",
                    who=who,
                    number=plan.emergency,
                ),
                severity=Severity.NOTICE,
                extension=call.extension or "",
                caller=call.caller.number,
                number=plan.emergency,
            )


def _for_queue(call: Call, number: str) -> dict[str, Any] | None:
    """What a queue says that has this number called; None when none does, or the call was sent elsewhere since."""
    told = call.data.get(FOR_QUEUE)
    return told if told and told["number"] == number and not call.facts.transferrer else None


def _account(call: Call, number: str) -> str | None:
    """On whose account it goes out: who transferred the call to this number, who forwarded it, who made the call.

    A caller from outside who was transferred to a menu and presses on from there is on nobody's.
    """
    if call.facts.transferrer and call.facts.transfer == number:
        return call.facts.transferrer
    return call.data.get(ON_BEHALF) or call.facts.extension


def _packed(attempt: Attempt) -> list[Any]:
    shown = attempt.caller_id
    return [attempt.trunk, attempt.number, [shown.number, shown.name] if shown else None, attempt.withheld]


def _unpacked(packed: list[Any]) -> Attempt:
    trunk, number, shown, withheld = packed
    return Attempt(trunk, number, Party(*shown) if shown else None, withheld)
