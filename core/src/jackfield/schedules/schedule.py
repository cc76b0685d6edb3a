"""What a plugin declares of a schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jackfield.schedules import cron

LEAST = timedelta(seconds=10)
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that runs at set times.

    The daemon puts the job on the outbox when it is due, once whatever number of workers there is, and sleeps until
    then. The job's payload is `payload`, with the time that it was due as `due` (ISO 8601, UTC).

    Args:
        name: begins with the plugin's name and a dot, as `bank.balances`.
        job: the name of a job of the same plugin.
        at: cron(5)'s five fields, by the clock of the site's zone: `"30 2 * * 1-5"`. Or else:
        every: the pause between two runs, at least 10 s.
        payload: plain JSON.
        missed: what becomes of runs that were due while the daemon was away: `once` makes one up, `skip` none.

    Raises:
        ValueError: `at` cannot be read, or there are both or none of `at` and `every`.

    >>> Schedule("bank.balances", "bank-balances", at="30 2 * * 1-5").missed
    'once'
    """

    name: str
    job: str
    at: str = ""
    every: timedelta | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    missed: Literal["once", "skip"] = "once"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"schedule {self.name[:80]!r}: a name has small letters, digits, '.' and '-'")
        if bool(self.at) == (self.every is not None):
            raise ValueError(f"schedule {self.name}: give either at=… or every=…")
        if self.every is not None and self.every < LEAST:
            raise ValueError(f"schedule {self.name}: every {self.every} is too often; {LEAST} is the least")
        if self.at:
            cron.parse(self.at)

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """When it is due next after `moment`, a run or the first sight of it; UTC."""
        if self.every is not None:
            return moment + self.every
        found = cron.next_after(cron.parse(self.at), moment, zone)
        assert found is not None  # parse has seen to it
        return found
