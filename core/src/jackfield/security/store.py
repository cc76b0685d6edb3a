"""Bans, phones' addresses, allowed networks and blocks in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import SQLModel, delete, select

from jackfield.security.models import Allowed, Ban, Block, PhoneAddress
from jackfield.storage.engine import Database

FORGET = timedelta(days=7)
"""After this time without a ban, an address is as good as any other."""


class Store:
    """Small tables, read whole at the start and written a row at a time. Never on AMI's reader thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bans(self) -> list[Ban]:
        """All that are not forgotten; forgets the others."""
        with self._database.session() as session:
            session.exec(delete(Ban).where(Ban.until < datetime.now(UTC) - FORGET))  # type: ignore[arg-type]
            found = [Ban(**row.model_dump()) for row in session.exec(select(Ban))]
            session.commit()
        return found

    def phones(self, since: datetime) -> list[PhoneAddress]:
        """Addresses where a phone has logged in since; forgets the others."""
        with self._database.session() as session:
            session.exec(delete(PhoneAddress).where(PhoneAddress.seen_at < since))  # type: ignore[arg-type]
            found = [PhoneAddress(**row.model_dump()) for row in session.exec(select(PhoneAddress))]
            session.commit()
        return found

    def allowed(self) -> list[str]:
        """Networks, as they were allowed."""
        with self._database.session() as session:
            return [row.network for row in session.exec(select(Allowed))]

    def blocks(self) -> list[Block]:
        """Extensions that may not call out."""
        with self._database.session() as session:
            return [Block(**row.model_dump()) for row in session.exec(select(Block))]

    def save(self, row: SQLModel) -> None:
        """Write a row, new or changed."""
        with self._database.session() as session:
            session.merge(row)
            session.commit()

    def remove(self, model: type[SQLModel], key: str) -> None:
        """Delete a row, if it is there."""
        with self._database.session() as session:
            found = session.get(model, key)
            if found is not None:
                session.delete(found)
                session.commit()
