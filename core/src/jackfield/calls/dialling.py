"""Dialling for a call: ring phones and trunks, bridge, and what became of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jackfield.calls.channels import REACH, endpoint_of
from jackfield.config.objects.extension import Extension, extension_of
from jackfield.errors import CallerHungUp, UnsafeValue
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.calls.party import Party
    from jackfield.telephony.agi import AgiSession

Agents = str | Mapping[str, str]
"""The agent who is rung; or, where there are several, of each extension."""
BeforeDial = Callable[["Call", Agents, str, list[str]], None]
"""Told call, agents, queue and endpoints before they are rung."""
Talked = Callable[[str], datetime | None]
"""When somebody whom a call dialled last answered."""
_TARGET = re.compile(
    r"PJSIP/(?:\+?[0-9*#]{1,32}@)?([A-Za-z0-9_.-]{1,64})|Local/([0-9]{2,10}\*\+?[0-9]{2,32})@jf-reach/n"
)
_OPTIONS = "gi"
"""`g`: the call goes on when the other side hangs up. `i`: no 302 is followed, by which whoever is dialled could have
us call any number on nobody's account: it counts as busy."""
_FAR_END = "${HANGUPCAUSE} ${HANGUPCAUSE(${HANGUPCAUSE_KEYS()},tech)}"
_SIP_ANSWER = re.compile(r"([0-9]{1,3})? ?(?:SIP ([0-9]{3}))?")


@dataclass(frozen=True, slots=True)
class DialResult:
    """What became of a `dial`. Times are in seconds."""

    status: str
    seconds_ringing: float = 0.0
    seconds_talking: float = 0.0


@dataclass(frozen=True, slots=True)
class FarEnd:
    """How the side that was dialled ended: Q.850 `cause` and final SIP `code`; 0 when it is not known."""

    cause: int = 0
    code: int = 0


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
        try_seconds: int | None,
        music: str | None,
        caller_id: Party | None,
        agent: Agents,
        queue: str,
    ) -> DialResult:
        """As `Call.dial`, which see."""
        endpoints = [_endpoint(target) for target in targets]
        call.flush()
        self._before(call, agent, queue, endpoints)
        if caller_id is not None:
            call.set_variable(variables.CALLER, call.caller.number)
            call.set_variable("CALLERID(num)", caller_id.number)
            call.set_variable("CALLERID(name)", caller_id.name)
        own = str(self._session.env.get("agi_channel", ""))
        confirmed = own.startswith("Local/") and REACH in own and own.endswith(";2")  # ;1 is who was called there
        options = _OPTIONS + self._transfer_options(call, endpoints) + (f"m({music})" if music else "")
        options += "U(jf-confirm)" if confirmed else ""
        timeout = str(seconds) if try_seconds is None else f"{seconds}^{try_seconds}"
        started, began = datetime.now(UTC), time.monotonic()
        if try_seconds is not None:
            self._session.run("HangupCauseClear")
        try:
            self._session.run("Dial", "&".join(targets), timeout, options)
            known = not confirmed and self._answered_since(call, started) is not None
            status = "ANSWER" if known else self._session.get_variable("DIALSTATUS")
        except CallerHungUp as error:
            error.dial = self._result(call, "CANCEL", started, time.monotonic() - began)
            raise
        if confirmed and status != "ANSWER":
            return DialResult(status, time.monotonic() - began)
        return self._result(call, status, started, time.monotonic() - began)

    def _transfer_options(self, call: Call, endpoints: Sequence[str]) -> str:
        """Whose keys may transfer: `T` the caller's, `t` those of who is called. Never a trunk's."""
        caller = endpoint_of(str(self._session.env.get("agi_channel", "")))
        return ("T" if _by_keys(call, caller) else "") + ("t" if all(_by_keys(call, e) for e in endpoints) else "")

    def far_end(self) -> FarEnd:
        """How the one channel of the last `dial` ended, when it was not answered."""
        found = _SIP_ANSWER.match(self._session.get_full_variable(_FAR_END))
        code = int(found[2] or 0) if found else 0
        return FarEnd(int(found[1] or 0) if found else 0, code if code >= 300 else 0)

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


def _by_keys(call: Call, endpoint: str) -> bool:
    """Whether a phone's keys may transfer."""
    extension = call.site.get("extension", extension_of(endpoint), Extension)
    return extension is not None and extension.dtmf_transfer


def _endpoint(target: str) -> str:
    found = _TARGET.fullmatch(target)
    if not found:
        raise UnsafeValue(f"{target!r} is not a target for Dial")
    return found[1] or found[2]
