"""What an alarm is, and the tables of alarms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from jackfield.i18n import from_words
from jackfield.storage.engine import UTCDateTime

KEY, TEXT, VALUE = 120, 500, 200
"""Longest key, text and value of a detail, in characters; what is longer is cut."""
MAX_DETAILS = 20


class Severity(StrEnum):
    """How bad it is. Only `warning` and `critical` escalate."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for `notice`, 2 for `critical`."""
        return list(Severity).index(self)


class What(StrEnum):
    """What happened to an alarm."""

    RAISED = "raised"
    WORSENED = "worsened"
    FLAPPING = "flapping"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it is at one moment. Times are UTC."""

    key: str
    text: str
    severity: Severity
    source: str
    detail: Mapping[str, str | int | float]
    raised_at: datetime
    last_at: datetime
    count: int = 1
    """How often it was raised since it was last clear."""
    flapping: bool = False
    """It comes and goes; it stays on the list until it has kept still for a while."""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    note: str = ""
    escalated_at: datetime | None = None
    told_at: datetime | None = None
    """When somebody was last told of it."""
    words: str = ""
    """What the text is made of (`i18n.Sentence.words`), to say it in another language; '' when that is not known."""

    def text_in(self, language: str) -> str:
        """The text in a language; English where there is no translation."""
        return clean(from_words(self.words, self.text, language), TEXT)

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON; times in ISO 8601, the text in a language."""
        plain = asdict(self) | {"severity": str(self.severity), "detail": dict(self.detail)}
        plain["text"] = self.text_in(language)
        del plain["words"]
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in plain.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history of alarms."""

    at: datetime
    what: What
    alarm: Alarm
    who: str = ""
    note: str = ""


class AlarmRow(SQLModel, table=True):
    """An alarm that is not clear."""

    __tablename__ = "alarm"

    key: str = Field(primary_key=True, max_length=KEY)
    text: str = Field(max_length=TEXT)
    severity: str = Field(max_length=16)
    source: str = Field(max_length=64)
    detail: str = Field(sa_type=Text)
    raised_at: datetime = Field(sa_type=UTCDateTime)
    last_at: datetime = Field(sa_type=UTCDateTime)
    count: int
    flapping: bool
    acknowledged_by: str = Field(max_length=64)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    note: str = Field(max_length=TEXT)
    escalated_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    words: str = Field(default="", sa_type=Text)


class AlarmHistoryRow(SQLModel, table=True):
    """Something that happened to an alarm."""

    __tablename__ = "alarm_history"
    __table_args__ = (Index("ix_alarm_history_at", "at"), Index("ix_alarm_history_key", "key", "at"))

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    what: str = Field(max_length=16)
    key: str = Field(max_length=KEY)
    text: str = Field(max_length=TEXT)
    severity: str = Field(max_length=16)
    source: str = Field(max_length=64)
    detail: str = Field(sa_type=Text)
    count: int
    who: str = Field(max_length=64)
    note: str = Field(max_length=TEXT)
    words: str = Field(default="", sa_type=Text)


def clean(text: str, length: int) -> str:
    """One line that may go into mails, terminals and databases: no control characters, not too long."""
    line = "".join(c if c.isprintable() else " " for c in text[: 4 * length])
    return " ".join(line.split())[:length]


def clean_detail(detail: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Details that are plain and few."""
    return {
        clean(str(name), 64): value if isinstance(value, int | float) else clean(str(value), VALUE)
        for name, value in list(detail.items())[:MAX_DETAILS]
    }


def detail_json(detail: Mapping[str, str | int | float]) -> str:
    """Details for the database; what JSON has no number for (NaN) becomes text."""
    return json.dumps({k: str(v) if v != v or v in (float("inf"), -float("inf")) else v for k, v in detail.items()})
