"""The destination `errand`: a phone that was rung for an errand has answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from jackfield.calls.party import party
from jackfield.config.objects.extension import Extension
from jackfield.errands.errand import Errand, Kind, State
from jackfield.errors import CallerHungUp, JackfieldError, UnsafeValue
from jackfield.i18n import gettext_lazy, sentences
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.calls.service import CallService
    from jackfield.calls.verbs_record import Recorded
    from jackfield.errands.service import Errands

_ = gettext_lazy("jackfield")
S_ = sentences("jackfield")
log = structlog.get_logger(__name__)
KIND = "errand"
RECORD_SECONDS = 240
"""The longest prompt that is recorded; uploads may take five minutes."""
LEAST_SECONDS = 0.4
"""What is shorter is a key pressed too early."""
REVIEWS = 10
"""So often the choices are told; then nobody listens."""


def kind(serve: Callable[[Call, str], Next]) -> DestinationKind:
    """The kind of destination; no object of a site can lead there."""
    return DestinationKind(KIND, _("A phone that was rung for an errand"), serve, lambda site: ())


class Handler:
    """Serves the phones."""

    def __init__(self, errands: Errands, calls: CallService, now: Callable[[], datetime]) -> None:
        self._errands, self._calls, self._now = errands, calls, now

    def serve(self, call: Call, name: str) -> Next:
        """Do what the phone was rung for; which errand that is, the call's id says."""
        call.answer()
        errand = self._errand(call)
        if errand is None:
            call.play("not-valid")
            return End(Result.REJECTED, 21, "no errand")
        call.set_data(KIND, errand.task())
        try:
            if errand.kind is Kind.TEST_CALL:
                return self._connect(call, errand)
            return self._listen(call, errand) if errand.kind is Kind.LISTEN else self._record(call, errand)
        except CallerHungUp:
            raise
        except (JackfieldError, OSError) as error:
            log.warning("errand.failed", errand=errand.id, error=str(error))
            self._errands.turn(errand, State.FAILED, str(error))
            call.play("sorry")
            return End(Result.FAILED, outcome="failed")

    def _errand(self, call: Call) -> Errand | None:
        found = self._errands.find(call.id)
        if found is None and (task := call.get_data(KIND)):
            found = self._errands.adopt(Errand.from_task(task))
        return found

    def _listen(self, call: Call, errand: Errand) -> Next:
        self._errands.turn(errand, State.PLAYING)
        for _turn in range(REVIEWS):
            if call.play_files(errand.files, keys="#") or call.ask("errand-again", end="") != "1":
                break
        self._errands.turn(errand, State.DONE)
        return End(Result.COMPLETED, outcome="heard")

    # -- recording -------------------------------------------------------------------------------------------------

    def _record(self, call: Call, errand: Errand) -> Next:
        take = self._taken_before(call)
        for _turn in range(REVIEWS):
            take = take or self._take(call, errand)
            if take is None:
                continue
            choice = self._review(call, errand, take)
            if choice == "1":
                return self._keep(call, errand, take)
            take.unlink(missing_ok=True)
            take = None
            if not choice:
                break
        self._errands.turn(errand, State.FAILED, S_("no key was pressed to keep the recording; nothing has changed"))
        call.play("goodbye")
        return End(Result.COMPLETED, outcome="not kept")

    def _taken_before(self, call: Call) -> Path | None:
        """What was recorded before the daemon was lost."""
        take = Path(call.memo["take"]) if call.memo.get("take") else None
        return take if take is not None and take.is_file() else None

    def _take(self, call: Call, errand: Errand) -> Path | None:
        self._errands.turn(errand, State.RECORDING)
        call.checkpoint()
        call.play("errand-record")
        try:
            recorded: Recorded = call.record(seconds=RECORD_SECONDS, end="#")
        except CallerHungUp as gone:
            if gone.recorded is not None:
                gone.recorded.path.unlink(missing_ok=True)
            raise
        if recorded.seconds >= LEAST_SECONDS:
            call.checkpoint(take=str(recorded.path))
            return recorded.path
        recorded.path.unlink(missing_ok=True)
        call.play("errand-nothing")
        return None

    def _review(self, call: Call, errand: Errand, take: Path) -> str:
        """'1' to keep it, '3' for another one, '' when nobody chooses. 2 plays it again.

        Of who hangs up the file stays, for a daemon that was lost comes back to it; it is removed after a week.
        """
        self._errands.turn(errand, State.REVIEW)
        for turn in range(REVIEWS):
            key = call.play_files([str(take.with_suffix(""))], keys="123")
            key = key or call.ask("errand-review", end="", seconds=8.0)
            if key in ("1", "3"):
                return key
            if not key and turn:
                break
        return ""

    def _keep(self, call: Call, errand: Errand, take: Path) -> Next:
        self._errands.turn(errand, State.KEEPING)
        call.music()
        try:
            self._errands.keep(errand, take)
        finally:
            take.unlink(missing_ok=True)
        self._errands.turn(errand, State.DONE)
        call.play(["errand-kept", "goodbye"])
        return End(Result.COMPLETED, outcome="kept")

    # -- a test call -----------------------------------------------------------------------------------------------

    def _connect(self, call: Call, errand: Errand) -> Next:
        self._call_as(call, errand)
        destination, why = self._way(call, errand)
        call.facts.why = f"test call of {errand.by}: {why}"
        self._errands.turn(errand, State.CONNECTED)
        call.flush()
        return Goto(destination, f"test call to {errand.number}")

    def _call_as(self, call: Call, errand: Errand) -> None:
        own = call.site.get("extension", errand.phone, Extension)
        caller = party(errand.caller or errand.phone, "" if errand.caller or own is None else own.title)
        call.facts.caller = caller
        call.set_variable(variables.CALLER_NUMBER, caller.number)

    def _way(self, call: Call, errand: Errand) -> tuple[str, str]:
        """The first destination and why: an inbound route's, an internal number's, or the one that was named."""
        if ":" in errand.number:
            if reason := call.desk.unserved(errand.number, call.site):
                raise UnsafeValue(f"{errand.number} leads nowhere: {reason}")
            return errand.number, "as asked"
        call.facts.did = errand.number
        if any(c.taken for c in self._calls.routes.candidates(errand.trunk or None, errand.number, errand.caller)):
            route = self._calls.routes.find(errand.trunk or None, errand.number, errand.caller, self._now())
            call.language, call.facts.priority = route.language, route.priority
            call.facts.fallback = route.fallback
            return route.destination, route.why
        if found := self._calls.leads(errand.number):
            return found, "dialled at a phone"
        return "hangup:unallocated", "nothing has this number"
