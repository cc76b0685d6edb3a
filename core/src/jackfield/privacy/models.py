"""The table of bindings, and the frozen `Binding`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from jackfield.privacy.mask import mask_number
from jackfield.storage.engine import UTCDateTime

_LIVE = text("ended_at IS NULL")


class BindingRow(SQLModel, table=True):
    """A binding; `ended_at` is null while it is live. Numbers are as bound, real."""

    __tablename__ = "privacy_binding"
    __table_args__ = (
        Index("ix_privacy_binding_a", "x", "a", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_privacy_binding_b", "x", "b", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    )

    id: int | None = Field(default=None, primary_key=True)
    pool: str = Field(max_length=64)
    x: str = Field(max_length=40)
    a: str = Field(max_length=40)
    b: str = Field(max_length=40)
    record: bool = False
    author: str = Field(default="", max_length=64)
    created_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


@dataclass(frozen=True, slots=True)
class Binding:
    """A and B reach each other by calling X, until `expires_at` (UTC)."""

    id: int
    pool: str
    x: str
    a: str
    b: str
    record: bool
    author: str
    created_at: datetime
    expires_at: datetime

    def other(self, caller: str) -> str:
        """Whom a caller reaches."""
        return self.b if key(caller) == key(self.a) else self.a

    def as_json(self, *, masked: bool = True) -> dict[str, Any]:
        """Plain values; A's and B's numbers hidden unless told otherwise."""
        shown = mask_number if masked else str
        return {
            "id": self.id,
            "x": self.x,
            "a": shown(self.a),
            "b": shown(self.b),
            "pool": self.pool,
            "record": self.record,
            "created_at": self.created_at.isoformat(timespec="seconds"),
            "expires_at": self.expires_at.isoformat(timespec="seconds"),
            "author": self.author,
        }


def key(number: str) -> str:
    """A number as it is compared: a plus in front does not count."""
    return number.lstrip("+")
