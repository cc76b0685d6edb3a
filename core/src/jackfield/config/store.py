"""The history of generations, in the database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from jackfield.config.models import GenerationRow, State
from jackfield.i18n import gettext_for
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

_ = gettext_for("jackfield")


def note_generation(database: Database, number: int, author: str, reason: str, revision: int) -> None:
    """Put a new generation on record, as planned.

    Raises:
        StorageError: the database refused.
    """
    row = GenerationRow(
        number=number, created_at=datetime.now(UTC), author=author[:64], reason=reason[:500], state=State.PLANNED,
        revision=revision,
    )  # fmt: skip
    try:
        with database.session() as session:
            session.merge(row)
            session.commit()
    except SQLAlchemyError as error:
        raise StorageError(
            _("generation {number} cannot be put on record: {error}").format(number=number, error=error)
        ) from error


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
        raise StorageError(
            _("the state of generation {number} cannot be put on record: {error}").format(number=number, error=error)
        ) from error


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
        raise StorageError(_("the history cannot be read from the database: {error}").format(error=error)) from error
