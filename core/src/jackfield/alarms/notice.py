"""A message about alarms: what goes through the outbox, and its words."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jackfield.alarms.grouping import News
from jackfield.alarms.models import Severity, What

MAX_ITEMS = 200
_WORDS = {
    What.RAISED: "raised",
    What.WORSENED: "got worse",
    What.FLAPPING: "comes and goes",
    What.ESCALATED: "not acknowledged by anybody",
    What.CLEARED: "clear",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One alarm in a message; plain JSON."""

    what: str
    key: str
    severity: str
    text: str
    source: str
    since: str
    at: str
    count: int
    passed: bool = False
    detail: dict[str, str | int | float] = field(default_factory=dict)

    def line(self) -> str:
        """In words, on one line."""
        words = "came and went" if self.passed else _WORDS[What(self.what)]
        times = f", {self.count} times" if self.count > 1 else ""
        return f"{self.severity.upper()} {words}: {self.text} [{self.key}] (since {self.since[:19]}Z{times})"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about one alarm or many."""

    id: str
    host: str
    escalation: bool
    items: tuple[Item, ...]
    left_out: int = 0
    """Alarms that did not fit."""

    def subject(self) -> str:
        """One line."""
        first = self.items[0]
        if len(self.items) == 1:
            words = "came and went" if first.passed else _WORDS[What(first.what)]
            return f"[{self.host}] {first.severity.upper()} {words}: {first.text}"[:150]
        worst = max((Severity(i.severity) for i in self.items), key=lambda s: s.rank)
        count = len(self.items) + self.left_out
        return f"[{self.host}] {count} alarms, worst {worst.upper()}: {first.text}"[:150]

    def text(self) -> str:
        """The whole message."""
        lines = [item.line() for item in self.items]
        if self.left_out:
            lines.append(f"… and {self.left_out} more; see: jackfield alarms history")
        return "\n".join([*lines, "", f"{self.host}: jackfield alarms list; jackfield alarms ack KEY", ""])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {"items": [asdict(item) for item in self.items]}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Notice:
        """What `to_json` made."""
        return cls(**{**plain, "items": tuple(Item(**item) for item in plain["items"])})


def compose(news: Sequence[News], *, escalation: bool = False) -> Notice:
    """A message of these news; there must be one at least."""
    items = tuple(_item(each) for each in news[:MAX_ITEMS])
    return Notice(uuid.uuid4().hex, socket.gethostname(), escalation, items, max(0, len(news) - MAX_ITEMS))


def _item(news: News) -> Item:
    entry, alarm = news.entry, news.entry.alarm
    return Item(
        str(entry.what), alarm.key, str(alarm.severity), alarm.text, alarm.source, alarm.raised_at.isoformat(),
        entry.at.isoformat(), alarm.count, news.passed, dict(alarm.detail),
    )  # fmt: skip
