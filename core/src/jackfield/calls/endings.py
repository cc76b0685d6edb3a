"""How calls end: the final record once the last channel is gone, whoever is there to see it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from jackfield.calls.live import Live
from jackfield.calls.party import Party
from jackfield.calls.state import Facts

if TYPE_CHECKING:
    from jackfield.calls.board import Board
    from jackfield.calls.call import Call
    from jackfield.calls.endnote import UnseenTalk
    from jackfield.calls.lines import Lines
    from jackfield.calls.outgoing import Outgoing
    from jackfield.calls.registry import Registry
    from jackfield.plugins import PluginHost
    from jackfield.records.models import CallRecord
    from jackfield.records.writer import RecordWriter
    from jackfield.routing.destinations import End
    from jackfield.services import EventBus

log = structlog.get_logger(__name__)
OVER_KEPT = 5000
"""So many ids are kept of calls that have ended; more do not end while Asterisk is asked for its list."""
GONE_SECONDS = 2.0
"""A channel goes, and is told to be gone, within so long after its call's thread is done with it."""


class Endings:
    """Ends calls."""

    def __init__(
        self,
        board: Board,
        registry: Registry,
        host: PluginHost,
        writer: RecordWriter,
        events: EventBus,
        lines: Lines,
        outgoing: Outgoing,
        persons: Callable[[], set[str]],
    ) -> None:
        """`persons` gives the kinds of destinations that lead to a person."""
        self._board, self._registry, self._host = board, registry, host
        self._writer, self._events = writer, events
        self._lines, self._outgoing, self._persons = lines, outgoing, persons
        self.patience = GONE_SECONDS
        """How long a thread waits for its call's last channel to go, in seconds."""
        self._over: deque[str] = deque(maxlen=OVER_KEPT)
        self.recovery: Callable[[str], None] = lambda _: None
        """Told the id of each call that has ended."""
        self.ended: Callable[[CallRecord], None] = lambda _: None
        """Told each call's final record."""

    def finish(self, live: Live, call: Call | None, end: End | None, seconds: float) -> bool:
        """Make the record final once the last channel is gone; False when one is left after `seconds`."""
        identity, seen = live.facts.id, datetime.now(UTC)
        if call is not None and call.taken:
            return True
        leader = call.leader if call is not None else ""
        gone = self._registry.wait_gone(identity, seconds, lambda: not leader or leader in live.legs)
        if call is not None and call.taken:  # it goes on elsewhere: resumed, or transferred
            return True
        if not gone:
            return False
        with live.lock:
            if live.closed:
                return True
            live.closed = True
        self._over.append(identity)
        self._board.take_off(live)
        self._lines.release(identity)
        if call is None:  # no thread of ours was there to see the end
            live.end(live.last_end() or seen)
        elif self._registry.synced > seen:
            live.ended_by(seen)
        record = live.record(end, self._persons(), seen)
        self._writer.call_ended(record)
        self._outgoing.ended(identity, record.talk_seconds)
        self.recovery(identity)
        self.ended(record)
        log.info("call.ended", call=identity, result=str(record.result), queue=record.queue, agent=record.agent)
        self._tell(record)
        if call is not None:
            self._host.call("jackfield_call_ended", call=call, record=record)
        return True

    def is_over(self, identity: str) -> bool:
        """Whether a call has ended here, and has no channel left; Asterisk's list may be older, and still have one."""
        return identity in self._over and not self._registry.legs(identity)

    def without_thread(self, live: Live) -> None:
        """A call without a thread ends with its last channel."""
        if live.call is None and not live.closed and not self._registry.legs(live.facts.id):
            threading.Thread(
                target=self.finish, args=(live, None, None, self.patience), name="call-end", daemon=True
            ).start()

    def end_gone(self) -> None:
        """End calls without a thread whose last channel went in the moment in which they were taken over."""
        for live in self._board.all():
            if live.call is None and self._registry.known and not self._registry.legs(live.facts.id):
                self.finish(live, None, None, 0.0)

    def close(self, record: CallRecord, when: datetime, talk: UnseenTalk | None = None) -> None:
        """End the record of a call that ended at `when`, while nobody looked; and what is known of its last talk."""
        facts = Facts(record.id, "", "", Party(), "", started=record.started_at)
        live = Live.restored(facts, record)
        if talk is not None:
            live.talk_unseen(talk)
        live.end(when)
        final = live.record(None, self._persons())
        self._writer.close_interrupted(final)
        self._outgoing.ended(final.id, final.talk_seconds)
        log.info("call.closed", call=final.id, result=str(final.result), queue=final.queue, agent=final.agent)
        self._tell(final)

    def _tell(self, record: CallRecord) -> None:
        """Who follows calls hears of the end; and whether another daemon had the call before, and saw part of it."""
        result, before = str(record.result), record.interrupted
        self._events.publish("call", id=record.id, what="ended", result=result, interrupted=before)
