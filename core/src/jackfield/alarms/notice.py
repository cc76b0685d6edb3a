"""A message about alarms: what goes through the outbox, and its words."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jackfield.alarms.grouping import News
from jackfield.alarms.models import Severity, What
from jackfield.i18n import translator

MAX_ITEMS = 200
N_ = str
"""Marks a text that is translated where it is used."""
_WORDS = {
    What.RAISED: N_("raised"),
    What.WORSENED: N_("got worse"),
    What.FLAPPING: N_("comes and goes"),
    What.ESCALATED: N_("not acknowledged by anybody"),
    What.CLEARED: N_("clear"),
}
_PASSED = N_("came and went")
_SEVERITIES = {Severity.NOTICE: N_("notice"), Severity.WARNING: N_("warning"), Severity.CRITICAL: N_("critical")}


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

    def begins(self, language: str) -> str:
        """How bad it is, and what happened."""
        say = translator("jackfield", language)
        return f"{severity_in(self.severity, language)} {say(_PASSED if self.passed else _WORDS[What(self.what)])}"

    def line(self, language: str = "en") -> str:
        """In words, on one line."""
        say = translator("jackfield", language)
        since = say(N_("since {time}")).format(time=f"{self.since[:19]}Z")
        if self.count > 1:
            since = say(N_("since {time}, {count} times")).format(time=f"{self.since[:19]}Z", count=self.count)
        return f"{self.begins(language)}: {self.text} [{self.key}] ({since})"


def severity_in(severity: str, language: str) -> str:
    """How bad, in a language, so that it is seen at once."""
    return translator("jackfield", language)(_SEVERITIES[Severity(severity)]).upper()


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about one alarm or many."""

    id: str
    host: str
    escalation: bool
    items: tuple[Item, ...]
    left_out: int = 0
    """Alarms that did not fit."""
    language: str = "en"

    def subject(self) -> str:
        """One line."""
        first = self.items[0]
        if len(self.items) == 1:
            return f"[{self.host}] {first.begins(self.language)}: {first.text}"[:150]
        worst = max((Severity(i.severity) for i in self.items), key=lambda s: s.rank)
        told = translator("jackfield", self.language)(N_("{count} alarms, worst {severity}")).format(
            count=len(self.items) + self.left_out, severity=severity_in(worst, self.language)
        )
        return f"[{self.host}] {told}: {first.text}"[:150]

    def text(self) -> str:
        """The whole message."""
        lines = [item.line(self.language) for item in self.items]
        if self.left_out:
            more = translator("jackfield", self.language)(N_("… and {count} more; see: jackfield alarms history"))
            lines.append(more.format(count=self.left_out))
        return "\n".join([*lines, "", f"{self.host}: jackfield alarms list; jackfield alarms ack KEY", ""])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {"items": [asdict(item) for item in self.items]}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Notice:
        """What `to_json` made."""
        return cls(**{**plain, "items": tuple(Item(**item) for item in plain["items"])})


def compose(news: Sequence[News], *, escalation: bool = False, language: str = "en") -> Notice:
    """A message of these news in a language; there must be one at least."""
    items = tuple(_item(each, language) for each in news[:MAX_ITEMS])
    left_out = max(0, len(news) - MAX_ITEMS)
    return Notice(uuid.uuid4().hex, socket.gethostname(), escalation, items, left_out, language)


def _item(news: News, language: str) -> Item:
    entry, alarm = news.entry, news.entry.alarm
    return Item(
        str(entry.what), alarm.key, str(alarm.severity), alarm.text_in(language), alarm.source,
        alarm.raised_at.isoformat(), entry.at.isoformat(), alarm.count, news.passed, dict(alarm.detail),
    )  # fmt: skip
