"""The rules of alarms, without I/O: what is up, what is told, what escalates, what flaps. Not safe with threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from jackfield.alarms.models import Alarm, Entry, Severity, What, clean, clean_detail
from jackfield.errors import JackfieldError, Recovery
from jackfield.i18n import sentences, words_of

S_ = sentences("jackfield")
FLAPS = 4
"""So many times raised anew within `flap_seconds`, and an alarm flaps."""
MAX_ACTIVE = 2000
FULL = "alarms-full"


class NoSuchAlarm(JackfieldError):
    """No alarm of that key is up."""

    recovery = Recovery.REFUSE_INPUT


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, for records and for durations."""

    utc: datetime = field(default_factory=lambda: datetime.now(UTC))
    mono: float = field(default_factory=time.monotonic)


class Book:
    """The alarms that are up. Each method returns what happened; `touched` gathers keys whose alarm changed."""

    def __init__(self, escalate_seconds: float, flap_seconds: float) -> None:
        self._escalate, self._flap = escalate_seconds, flap_seconds
        self.alarms: dict[str, Alarm] = {}
        self.touched: set[str] = set()
        self._escalate_at: dict[str, float] = {}
        self._raised: dict[str, deque[float]] = {}
        self._flapping: dict[str, tuple[bool, float]] = {}
        """Key → whether the trouble is there, and since when it has kept still."""

    def restore(self, alarms: Iterable[Alarm], now: Moment) -> None:
        """Take up the alarms of the process before; those raised meanwhile are newer."""
        for old in alarms:
            new = self.alarms.get(old.key)
            if new is not None:
                old = replace(new, raised_at=old.raised_at, count=old.count + new.count, told_at=old.told_at)
            self.alarms[old.key] = old
            self.touched.add(old.key)
            if old.flapping:
                self._flapping[old.key] = (new is not None, now.mono)
            if old.acknowledged_at is None and old.escalated_at is None:
                self._watch(old, now.mono - max(0.0, (now.utc - old.raised_at).total_seconds()))

    def raise_(
        self, key: str, text: str, severity: Severity, source: str, detail: Mapping[str, object], now: Moment
    ) -> list[Entry]:
        """Something is wrong (still, or again)."""
        before = self.alarms.get(key)
        made = Alarm(
            key, clean(text, 500), severity, clean(source, 64), clean_detail(detail), now.utc, now.utc,
            words=words_of(text),
        )  # fmt: skip
        if before is None and len(self.alarms) >= MAX_ACTIVE and key != FULL:
            full = S_(
                "there are {number} alarms; further ones are not kept: look at `jackfield alarms list`",
                number=MAX_ACTIVE,
            )
            return self.raise_(FULL, full, Severity.CRITICAL, "core", {}, now)
        self.touched.add(key)
        if before is None:
            self.alarms[key] = made
            self._note_raise(key, now.mono)
            self._watch(made, now.mono)
            return [Entry(now.utc, What.RAISED, made)]
        again = replace(
            before, text=made.text, severity=severity, source=made.source, detail=made.detail, last_at=now.utc,
            count=before.count + 1, words=made.words,
        )  # fmt: skip
        if key in self._flapping:
            self._flapping[key] = (True, now.mono)
        if severity.rank <= before.severity.rank:
            self.alarms[key] = again
            return []
        worse = replace(again, acknowledged_by="", acknowledged_at=None, note="", escalated_at=None)
        self.alarms[key] = worse
        self._watch(worse, now.mono)
        return [Entry(now.utc, What.WORSENED, worse)]

    def clear(self, key: str, text: str, now: Moment) -> list[Entry]:
        """It is well again."""
        alarm = self.alarms.get(key)
        if alarm is None:
            return []
        self.touched.add(key)
        if key in self._flapping:
            self._flapping[key] = (False, now.mono)
            return []
        if len(self._note_raise(key, now.mono, count=False)) >= FLAPS:
            self._flapping[key] = (False, now.mono)
            self.alarms[key] = replace(alarm, flapping=True)
            return [Entry(now.utc, What.FLAPPING, self.alarms[key])]
        return [self._drop(alarm, text, now)]

    def acknowledge(self, key: str, who: str, note: str, now: Moment) -> Entry:
        """Somebody looks after it: it does not escalate.

        Raises:
            NoSuchAlarm: it is not up.
        """
        alarm = self.alarms.get(key)
        if alarm is None:
            raise NoSuchAlarm(f"no alarm {clean(key, 80)!r} is up; `jackfield alarms list` shows those that are")
        who, note = clean(who, 64), clean(note, 500)
        self.alarms[key] = replace(alarm, acknowledged_by=who, acknowledged_at=now.utc, note=note)
        self.touched.add(key)
        self._escalate_at.pop(key, None)
        return Entry(now.utc, What.ACKNOWLEDGED, self.alarms[key], who, note)

    def told(self, keys: Iterable[str], now: Moment) -> None:
        """People were told of these."""
        for key in keys:
            if key in self.alarms:
                self.alarms[key] = replace(self.alarms[key], told_at=now.utc)
                self.touched.add(key)

    def due(self, now: Moment) -> list[Entry]:
        """What time brings: escalations, and the end of flapping."""
        entries = []
        for key in [k for k, at in self._escalate_at.items() if at <= now.mono]:
            del self._escalate_at[key]
            self.alarms[key] = replace(self.alarms[key], escalated_at=now.utc)
            self.touched.add(key)
            entries.append(Entry(now.utc, What.ESCALATED, self.alarms[key]))
        for key, (there, since) in list(self._flapping.items()):
            if since + self._flap <= now.mono:
                entries += self._keeps_still(key, there, now)
        for key in [k for k, times in self._raised.items() if times[-1] + self._flap <= now.mono]:
            del self._raised[key]
        return entries

    def next_due(self) -> float | None:
        """The monotonic time at which `due` has something to do."""
        ends = [since + self._flap for _, since in self._flapping.values()]
        return min([*self._escalate_at.values(), *ends], default=None)

    def _keeps_still(self, key: str, there: bool, now: Moment) -> list[Entry]:
        del self._flapping[key]
        self.touched.add(key)
        if not there:
            return [self._drop(self.alarms[key], "", now)]
        self.alarms[key] = replace(self.alarms[key], flapping=False)
        return []

    def _drop(self, alarm: Alarm, text: str, now: Moment) -> Entry:
        del self.alarms[alarm.key]
        self._escalate_at.pop(alarm.key, None)
        over = replace(alarm, last_at=now.utc, flapping=False)
        if text:
            over = replace(over, text=clean(text, 500), words=words_of(text))
        return Entry(now.utc, What.CLEARED, over)

    def _watch(self, alarm: Alarm, since: float) -> None:
        if alarm.severity is not Severity.NOTICE:
            self._escalate_at[alarm.key] = since + self._escalate

    def _note_raise(self, key: str, mono: float, *, count: bool = True) -> deque[float]:
        """When the alarm was raised anew, within the window."""
        times = self._raised.setdefault(key, deque(maxlen=FLAPS))
        if count or not times:
            times.append(mono)
        while times[0] + self._flap <= mono and len(times) > 1:
            times.popleft()
        return times
