"""The path of a call: from destination to destination, each guarded, with the route's fallback behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from jackfield.calls import transfer
from jackfield.calls.call import Call
from jackfield.calls.live import Live
from jackfield.errors import CallerHungUp, JackfieldError
from jackfield.routing import builtin
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result, split

if TYPE_CHECKING:
    from jackfield.plugins import PluginHost
    from jackfield.records.writer import RecordWriter

log = structlog.get_logger(__name__)
MAX_STEPS = 50
SORRY = "prompt:sorry"


class Path:
    """Runs calls through their destinations, on the calls' own threads."""

    def __init__(self, host: PluginHost, writer: RecordWriter, own: Iterable[DestinationKind]) -> None:
        """`own` are core's kinds of destinations."""
        self._host = host
        self._writer = writer
        self._own_kinds = {kind.kind: ("", kind) for kind in own}

    def kinds(self) -> dict[str, tuple[str, DestinationKind]]:
        """All kinds of destinations: `{kind: (plugin, …)}`, core's own with plugin ''."""
        return self._own_kinds | self._host.destinations()

    def persons(self) -> set[str]:
        """Kinds of destinations that lead to a person."""
        return {name for name, (_, kind) in self.kinds().items() if kind.person}

    def run(self, live: Live, call: Call, destination: str) -> End:
        """Go from destination to destination until one ends the call."""
        for _ in range(MAX_STEPS):
            answer = self._step(live, call, destination)
            if isinstance(answer, End):
                answer = transfer.after_end(call, answer, live.answered_at())
            if isinstance(answer, End):
                return answer
            destination = answer.destination
        log.error("call.endless", call=call.id, at=destination)
        return self._sorry(live, call)

    def _step(self, live: Live, call: Call, destination: str) -> Next:
        if call.resumed is None:
            call.enter(destination)
            self._writer.step(live.enter(call.seq, destination))
        elif not any(step.seq == call.seq for step in live.steps):
            self._writer.step(live.enter(call.seq, destination, call.entered))
        outcome, answer = "hang-up", None
        try:
            answer = self._handle(live, call, destination)
            outcome = answer.outcome
            return answer
        except CallerHungUp:
            raise
        finally:
            call.resumed, live.plugin = None, ""
            step = live.leave(call.seq, "stalled" if call.taken else outcome)
            if step is not None:
                self._writer.step(step)

    def _handle(self, live: Live, call: Call, destination: str) -> Next:
        try:
            kind, name = split(destination)
        except JackfieldError as error:
            return self._failed(live, call, destination, str(error))
        plugin, found = self.kinds().get(kind, ("", None))
        if found is None:
            return self._failed(live, call, destination, f"no plugin serves {kind!r}")
        live.plugin, call.permissions = plugin, self._host.permissions(plugin)
        try:
            answer: object = found.handler(call, name)
            if isinstance(answer, Goto | End):
                return answer
            reason = f"handler of {kind} returned {type(answer).__name__}"
        except CallerHungUp:
            raise
        except BaseException as error:
            log.error("call.handler_failed", call=call.id, at=destination, exc_info=True)
            reason = f"{type(error).__name__}: {error}"
        if plugin:
            self._host.fault(plugin, f"{destination}: {reason}")
        return self._failed(live, call, destination, reason)

    def _failed(self, live: Live, call: Call, destination: str, reason: str) -> Next:
        """To the fallback; if that is what failed, say sorry."""
        log.error("call.fallback", call=call.id, at=destination, reason=reason, fallback=call.facts.fallback)
        if destination == call.facts.fallback or any(s.destination == call.facts.fallback for s in live.steps):
            return self._sorry(live, call)
        return Goto(call.facts.fallback, "failed")

    def _sorry(self, live: Live, call: Call) -> End:
        call.enter(SORRY)
        self._writer.step(live.enter(call.seq, SORRY))
        builtin.play_prompt(call, "sorry")
        return End(Result.FAILED, 41, "failed")
