"""Tables of what must survive a restart: bans, addresses of phones, what is allowed, blocked extensions."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from jackfield.storage.engine import UTCDateTime


class Ban(SQLModel, table=True):
    """A banned address. The row stays a while after the ban is over, for the next one is longer."""

    __tablename__ = "security_ban"
    address: str = Field(primary_key=True, max_length=45)
    since: datetime = Field(sa_type=UTCDateTime)
    until: datetime = Field(sa_type=UTCDateTime)
    strikes: int
    reason: str = Field(max_length=200)


class PhoneAddress(SQLModel, table=True):
    """An address from which a phone has logged in."""

    __tablename__ = "security_phone"
    address: str = Field(primary_key=True, max_length=45)
    account: str = Field(max_length=80)
    seen_at: datetime = Field(sa_type=UTCDateTime)


class Allowed(SQLModel, table=True):
    """A network that an administrator has allowed on the running system."""

    __tablename__ = "security_allow"
    network: str = Field(primary_key=True, max_length=49)
    since: datetime = Field(sa_type=UTCDateTime)


class Block(SQLModel, table=True):
    """An extension (or `site`, for all of them) that may not call out, because of a burst."""

    __tablename__ = "security_block"
    name: str = Field(primary_key=True, max_length=64)
    since: datetime = Field(sa_type=UTCDateTime)
    reason: str = Field(max_length=200)
