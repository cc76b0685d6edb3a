"""The draft site and the history of generations, in the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from jackfield.config.kinds import Kind
from jackfield.config.models import GenerationRow, SiteObjectRow, State
from jackfield.config.site import Site
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError


def load_draft(database: Database, kinds: Mapping[str, Kind]) -> tuple[Site, list[str]]:
    """The draft site, and a sentence for each object that no installed plugin knows or accepts.

    Raises:
        StorageError: the database cannot be read.
    """
    try:
        with database.session() as session:
            rows = session.exec(select(SiteObjectRow)).all()
    except SQLAlchemyError as error:
        raise StorageError(f"the site cannot be read from the database: {error}") from error
    objects: dict[str, list[object]] = {}
    for row in rows:
        objects.setdefault(row.kind, []).append(json.loads(row.body))
    return Site.from_json(json.dumps(objects), kinds)


def save_draft(database: Database, site: Site) -> None:
    """Replace the draft with a site, in one transaction.

    Raises:
        StorageError: the database refused; the draft is as it was.
    """
    rows = [
        SiteObjectRow(kind=kind, name=item["name"], body=json.dumps(item, ensure_ascii=False))
        for kind, items in json.loads(site.to_json()).items()
        for item in items
    ]
    try:
        with database.session() as session:
            session.execute(delete(SiteObjectRow))
            session.add_all(rows)
            session.commit()
    except SQLAlchemyError as error:
        raise StorageError(f"the site cannot be written to the database: {error}") from error


def note_generation(database: Database, number: int, author: str, reason: str) -> None:
    """Put a new generation on record, as planned.

    Raises:
        StorageError: the database refused.
    """
    row = GenerationRow(
        number=number, created_at=datetime.now(UTC), author=author[:64], reason=reason[:500], state=State.PLANNED
    )
    try:
        with database.session() as session:
            session.merge(row)
            session.commit()
    except SQLAlchemyError as error:
        raise StorageError(f"generation {number} cannot be put on record: {error}") from error


def note_state(database: Database, number: int, state: State) -> None:
    """What became of a generation; when it is applied, the one before is superseded.

    Raises:
        StorageError: the database refused.
    """
    try:
        with database.session() as session:
            if state is State.APPLIED:
                for row in session.exec(select(GenerationRow).where(GenerationRow.state == State.APPLIED)):
                    row.state = State.SUPERSEDED
            found = session.get(GenerationRow, number)
            if found is not None:
                found.state = state
            session.commit()
    except SQLAlchemyError as error:
        raise StorageError(f"the state of generation {number} cannot be put on record: {error}") from error


def history(database: Database, limit: int = 50) -> list[GenerationRow]:
    """Generations on record, newest first.

    Raises:
        StorageError: the database cannot be read.
    """
    newest = select(GenerationRow).order_by(col(GenerationRow.number).desc()).limit(limit)
    try:
        with database.session() as session:
            return list(session.exec(newest).all())
    except SQLAlchemyError as error:
        raise StorageError(f"the history cannot be read from the database: {error}") from error
