"""Calls of a daemon that is gone, taken over until they come back or end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from jackfield.calls.lines import OUT, Lines
from jackfield.calls.live import Live
from jackfield.calls.party import Party
from jackfield.calls.state import Facts

if TYPE_CHECKING:
    from jackfield.calls.board import Board
    from jackfield.calls.legs import Legs
    from jackfield.calls.registry import Registry
    from jackfield.calls.state import Saved
    from jackfield.calls.transfer import Return
    from jackfield.records.models import CallRecord
    from jackfield.records.writer import RecordWriter


class Adoption:
    """Takes calls over from the record and from what Asterisk says."""

    def __init__(
        self,
        board: Board,
        registry: Registry,
        writer: RecordWriter,
        lines: Lines,
        legs: Legs,
        is_over: Callable[[str], bool],
    ) -> None:
        """`is_over` knows calls that have ended here meanwhile."""
        self._is_over = is_over
        self._board, self._registry, self._writer = board, registry, writer
        self._lines, self._legs = lines, legs

    def adopt(self, facts: Facts, record: CallRecord | None, at: str = "") -> None:
        """Take over a live call of a daemon that is gone, until it comes back or ends.

        Args:
            facts: what Asterisk says of the call, for want of a record.
            record: what is on record of it.
            at: the destination where its channel says it is; the record may not have come so far.
        """
        live, step = Live.restored(facts, record), None
        if at and (not live.steps or live.steps[-1].destination != at):
            step = live.enter(max((step.seq for step in live.steps), default=0) + 1, at)
        known = self._board.put_new(live)
        if known is None and self._is_over(facts.id):
            self._board.take_off(live)
            return
        if known is None and step is not None:
            self._writer.step(step)
        if known is not None and record is not None and not known.closed:
            known.remember(record)
        self._hold_lines(facts)
        if at:
            self._legs.taken_over(facts.id, at)

    def adopt_talks(self, records: Mapping[str, CallRecord], alive: Collection[str]) -> None:
        """Take over calls between phones alone, which no dialplan will bring back (as after a transfer)."""
        for identity, record in records.items():
            if identity in alive:
                self.adopt(Facts(identity, "", record.direction, Party(), record.did), record)

    def returned(self, identity: str, saved: Saved, talked: bool) -> Live:
        """A call that is back before it was taken over, as its channel has kept it.

        Of a talk that ended meanwhile, who answered may be on record; others are taken over from Asterisk's list.
        """
        live = Live.restored(saved.facts, self._writer.find_call(identity) if talked else None)
        self._hold_lines(saved.facts)
        return live

    def forgotten(self, identity: str, saved: Saved | None, back: Return) -> Live:
        """A call that is transferred right after a restart: what is on record of it, or what Asterisk says."""
        facts = saved.facts if saved else Facts(identity, back.name, "internal", Party(), "", back.trunk or None)
        return Live.restored(facts, self._writer.find_call(identity))

    def _hold_lines(self, facts: Facts) -> None:
        """A call of a daemon that is gone keeps its places, whatever the limit."""
        if facts.trunk:
            self._lines.take(facts.trunk, facts.id, 0)
        for leg in self._registry.legs(facts.id):
            if leg.id != facts.id and self._legs.is_trunk(leg.endpoint):
                self._lines.take(leg.endpoint, facts.id, 0, OUT)
