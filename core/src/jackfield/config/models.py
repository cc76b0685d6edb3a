"""Tables of the configuration: the draft site and the history of generations."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from jackfield.storage.engine import UTCDateTime


class State(StrEnum):
    """What became of a generation."""

    PLANNED = "planned"
    APPLIED = "applied"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class SiteObjectRow(SQLModel, table=True):
    """One object of the draft site; `body` is its model as JSON."""

    __tablename__ = "site_object"

    kind: str = Field(primary_key=True, max_length=32)
    name: str = Field(primary_key=True, max_length=64)
    body: str = Field(sa_column=Column(Text, nullable=False))
    revision: int = 0
    """The revision that changed it last: whoever edits it says which one he has seen."""


class SiteRevisionRow(SQLModel, table=True):
    """One change of the draft; `edits` is JSON: each object before and after."""

    __tablename__ = "site_revision"
    __table_args__ = {"sqlite_autoincrement": True}

    number: int | None = Field(default=None, primary_key=True)
    created_at: datetime = Field(sa_type=UTCDateTime)
    author: str = Field(max_length=64)
    what: str = Field(max_length=200)
    undoes: int | None = None
    edits: str = Field(sa_column=Column(Text, nullable=False))


class SeenRow(SQLModel, table=True):
    """The last revision of the draft that an admin has seen."""

    __tablename__ = "site_seen"

    author: str = Field(primary_key=True, max_length=64)
    revision: int


class GenerationRow(SQLModel, table=True):
    """One generation of Asterisk's configuration: who made it, when, why."""

    __tablename__ = "generation"

    number: int = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UTCDateTime)
    author: str = Field(max_length=64)
    reason: str = Field(max_length=500)
    state: str = Field(max_length=16)
    revision: int = 0
    """Revision of the draft that it was made of."""
