"""What is on record of queues and agents, and what is live of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jackfield_acd import callback_store, eventlog, models, reports, why
from jackfield_acd.background import FLUSH_SECONDS
from jackfield_acd.figures import Every
from jackfield_acd.happenings import Happenings
from jackfield_acd.snapshot import snapshot

STORY_AGE = timedelta(days=30)
"""How long it can be told why a caller was served as it was."""


class Archive(Happenings):
    """What people ask about the past."""

    def why(self, call: str) -> list[dict[str, Any]]:
        """Why a caller was served as it was: the decisions, oldest first; empty when nothing is known."""
        with self._lock:
            live = self._engine.contact(call)
            contacts = [*self._tales.of(call), *([live] if live is not None else [])]
            told = [why.tell(contact, self.clock.utc) for contact in contacts]
        with self._core.storage.session() as session:
            kept = models.stories(session, call)
        return [each for visit in [*kept, *(one for one in told if one not in kept)] for each in visit]

    def figures(self, since: datetime, until: datetime, of: reports.Of, every: Every | None) -> list[dict[str, Any]]:
        """Figures by interval of the site's zone, of all that happened until now."""
        self._writer.flush(FLUSH_SECONDS)
        zone = ZoneInfo(self._core.site().general.zone)
        with self._core.storage.session() as session:
            return reports.rows(session, since, until, of, every, zone)

    def lost(self, since: datetime) -> list[dict[str, Any]]:
        """Callers who were in line when Asterisk died, in the order of their coming, and their call-backs' states."""
        with self._core.storage.session() as session:
            found = eventlog.lost(session, since)
            states = callback_store.states(session, {e.call for e in found})
        rows = [{"at": e.at, "queue": e.queue, "caller": e.detail["caller"], "call": e.call} for e in found]
        return [row | {"callback": states.get(row["call"], "")} for row in rows]

    def called_back(self) -> list[dict[str, Any]]:
        """Call-backs as they are on record, the newest first."""
        self._writer.flush(FLUSH_SECONDS)
        with self._core.storage.session() as session:
            return [row.model_dump(mode="json") for row in callback_store.listed(session)]

    def snapshot(self) -> dict[str, list[Any]]:
        """Queues and agents as they are now; times are seconds ago."""
        with self._lock:
            return snapshot(self._engine, self._callers, self.callbacks.of, self.clock.now())

    def _forget(self) -> None:
        """Delete stories that are old; once a day."""
        self._worker.submit(self._forget_stories)
        self._core.timers.after(86400.0, self._forget)

    def _forget_stories(self) -> None:
        with self._core.storage.session() as session:
            now = self.clock.utc(self.clock.now())
            models.forget_stories(session, now - STORY_AGE)
            self._recorder.forget(session, now)
            session.commit()
