"""Searches call records page by page, for lists: a line a call, without steps and legs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from jackfield.privacy.mask import KIND, mask_number
from jackfield.records.models import CallRow, LegRow, StepRow
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

_CALL: Table = CallRow.__table__  # type: ignore[attr-defined]
_STEP: Table = StepRow.__table__  # type: ignore[attr-defined]
_LEG: Table = LegRow.__table__  # type: ignore[attr-defined]
COLUMNS = ("direction", "trunk", "did", "caller_number", "extension", "queue", "agent", "destination", "result")
"""What may be asked for exactly."""
_OPEN_TEXT = ("did", "extension", "queue", "agent", "trunk", "destination", "id")
_PARTY_TEXT = ("caller_number", "caller_name")
_ESCAPE = "!"


def search_calls(
    database: Database,
    *,
    text: str = "",
    columns: dict[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str = "",
    limit: int = 200,
) -> dict[str, Any]:
    """A page of calls, newest first: `rows`, and `next`, which is `after` for the following page ('' at the end).

    `text` is looked for within numbers, names, queue, agent, trunk, destination and id; the parties of a call through
    a middle number cannot be found by it, and are masked. `columns` are values of COLUMNS. `since` is inclusive and
    `until` exclusive, about the start. `mos` is the worst of the call's legs.

    Raises:
        StorageError: the database cannot be read.
    """
    c = _CALL.c
    private = exists().where(_STEP.c.call_id == c.id, _STEP.c.destination.startswith(f"{KIND}:"))
    wanted: list[ColumnElement[bool]] = [c[name] == value for name, value in (columns or {}).items()]
    if since is not None:
        wanted.append(c.started_at >= since)
    if until is not None:
        wanted.append(c.started_at < until)
    if text:
        wanted.append(or_(*(_has(c[n], text) for n in _OPEN_TEXT), _by_party(text, private)))
    if (columns or {}).get("caller_number"):
        wanted.append(~private)
    try:
        with database.session() as session:
            if after:
                begin = session.execute(select(c.started_at).where(c.id == after)).scalar_one_or_none()
                if begin is not None:
                    wanted.append(or_(c.started_at < begin, and_(c.started_at == begin, c.id < after)))
            page = select(_CALL, private.label("private")).where(*wanted)
            found = session.execute(page.order_by(c.started_at.desc(), c.id.desc()).limit(limit + 1)).mappings().all()
            rows = [dict(row) for row in found[:limit]]
            ids = [row["id"] for row in rows]
            worst = select(_LEG.c.call_id, func.min(_LEG.c.mos)).where(_LEG.c.call_id.in_(ids)).group_by(_LEG.c.call_id)
            quality = {row[0]: row[1] for row in session.execute(worst)} if ids else {}
    except SQLAlchemyError as error:
        raise StorageError(f"Call records cannot be read: {error}") from error
    plain = [_plain(row) | {"mos": quality.get(row["id"])} for row in rows]
    return {"rows": plain, "next": ids[-1] if len(found) > limit else ""}


def _by_party(text: str, private: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(or_(*(_has(_CALL.c[name], text) for name in _PARTY_TEXT)), ~private)


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    escaped = "".join(_ESCAPE + each if each in "%_!" else each for each in text)
    return column.ilike(f"%{escaped}%", escape=_ESCAPE)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    if row.pop("private"):
        hidden = {name: mask_number(row[name]) for name in ("caller_number", "diversion")}
        row |= hidden | {"caller_name": ""}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
