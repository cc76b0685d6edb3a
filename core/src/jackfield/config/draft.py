"""The draft site in the database. Every change is a revision with its author: to be undone, to be told to others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from jackfield.config.models import SeenRow, SiteObjectRow, SiteRevisionRow
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

_ = gettext_for("jackfield")
KEPT_REVISIONS = 500
Key = tuple[str, str]
"""Kind and name of an object."""
Bodies = dict[Key, dict[str, Any]]
"""Objects as plain JSON."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a revision did to one object; None before: it is new; None after: it is gone."""

    kind: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def fields(self) -> set[str]:
        """Fields that differ; none when the object came or went."""
        if self.before is None or self.after is None:
            return set()
        keys = self.before.keys() | self.after.keys()
        return {key for key in keys if self.before.get(key) != self.after.get(key)}

    def __str__(self) -> str:
        what = f"{self.kind} {self.name}"
        if self.before is None:
            return _("{object} (new)").format(object=what)
        if self.after is None:
            return _("{object} (removed)").format(object=what)
        return f"{what} ({', '.join(sorted(self.fields))})"


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of the draft."""

    number: int
    created_at: datetime
    author: str
    what: str
    undoes: int | None = None
    edits: list[Edit] = field(default_factory=list)

    def __str__(self) -> str:
        return _("{author} changed {objects} at {time} ({what})").format(
            author=self.author, objects=", ".join(map(str, self.edits[:8])) + (" …" if len(self.edits) > 8 else ""),
            time=self.created_at.strftime("%Y-%m-%d %H:%M:%SZ"), what=self.what,
        )  # fmt: skip


def differing(before: Bodies, after: Bodies) -> list[Edit]:
    """What leads from one set of objects to another."""
    return [
        Edit(*key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


class Draft:
    """The draft and its revisions. Whoever changes it holds the site's lock. Methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- reading ---------------------------------------------------------------------------------------------------

    def bodies(self) -> Bodies:
        """All objects, those of plugins that are gone as well."""
        with self._session() as session:
            return {(row.kind, row.name): json.loads(row.body) for row in session.exec(select(SiteObjectRow))}

    def versions(self) -> dict[Key, int]:
        """Revision in which each object was last changed."""
        with self._session() as session:
            return {(row.kind, row.name): row.revision for row in session.exec(select(SiteObjectRow))}

    def revision(self) -> int:
        """Number of the last revision; 0 when there was none."""
        with self._session() as session:
            return session.exec(select(func.max(SiteRevisionRow.number))).one() or 0

    def revisions(self, after: int = 0, limit: int = KEPT_REVISIONS) -> list[Revision]:
        """Revisions with a higher number, newest first."""
        wanted = select(SiteRevisionRow).where(col(SiteRevisionRow.number) > after)
        with self._session() as session:
            rows = session.exec(wanted.order_by(col(SiteRevisionRow.number).desc()).limit(limit)).all()
            return [_revision(row) for row in rows]

    def at(self, number: int) -> Bodies | None:
        """The draft as it was at a revision; None when that is too long ago."""
        later = self.revisions(number)
        if len(later) < self.revision() - number:
            return None
        bodies = self.bodies()
        for revision in later:
            _apply(bodies, [Edit(e.kind, e.name, e.after, e.before) for e in revision.edits])
        return bodies

    def seen(self, author: str) -> int | None:
        """The last revision that somebody has looked at or made; None when nothing is known."""
        with self._session() as session:
            row = session.get(SeenRow, author[:64])
            return row.revision if row is not None else None

    # -- changing --------------------------------------------------------------------------------------------------

    def save(self, bodies: Bodies, author: str, what: str, undoes: int | None = None) -> int:
        """Make these objects the draft, in one transaction.

        Returns:
            The number of the revision; when nothing differs, that of the last one.
        """
        with self._session() as session:
            rows = {(row.kind, row.name): row for row in session.exec(select(SiteObjectRow))}
            edits = differing({key: json.loads(row.body) for key, row in rows.items()}, bodies)
            if not edits:
                self.see(author)
                return session.exec(select(func.max(SiteRevisionRow.number))).one() or 0
            entries = [{"kind": e.kind, "name": e.name, "before": e.before, "after": e.after} for e in edits]
            row = SiteRevisionRow(
                created_at=datetime.now(UTC), author=author[:64], what=what[:200], undoes=undoes,
                edits=json.dumps(entries, ensure_ascii=False),
            )  # fmt: skip
            session.add(row)
            session.flush()
            assert row.number is not None
            for edit in edits:
                there = rows.get((edit.kind, edit.name))
                if there is not None and edit.after is None:
                    session.delete(there)
                    continue
                body = json.dumps(edit.after, ensure_ascii=False)
                if there is None:
                    session.add(SiteObjectRow(kind=edit.kind, name=edit.name, body=body, revision=row.number))
                else:
                    there.body, there.revision = body, row.number
            session.merge(SeenRow(author=author[:64], revision=row.number))
            session.execute(delete(SiteRevisionRow).where(col(SiteRevisionRow.number) <= row.number - KEPT_REVISIONS))
            number = row.number
            session.commit()
            return number

    def see(self, author: str) -> None:
        """Note that somebody has looked at the draft as it is."""
        with self._session() as session:
            last = session.exec(select(func.max(SiteRevisionRow.number))).one() or 0
            row = session.get(SeenRow, author[:64])
            if row is None or row.revision != last:
                session.merge(SeenRow(author=author[:64], revision=last))
                session.commit()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with self._database.session() as session:
                yield session
        except SQLAlchemyError as error:
            raise StorageError(
                _("the draft cannot be read from or written to the database: {error}").format(error=error)
            ) from error


def undoable(revisions: list[Revision]) -> Revision | None:
    """The newest revision that has not been undone; `revisions` are newest first."""
    undone: set[int] = set()
    for revision in revisions:
        if revision.undoes is not None:
            undone.add(revision.undoes)
        elif revision.number not in undone:
            return revision
    return None


def without(bodies: Bodies, revision: Revision) -> Bodies:
    """Objects as they were before a revision, all later ones being undone."""
    before = dict(bodies)
    _apply(before, [Edit(e.kind, e.name, e.after, e.before) for e in revision.edits])
    return before


def clashes(theirs: list[Edit], mine: list[Edit]) -> list[Edit]:
    """What others changed that I changed as well, to something else."""
    own = {(edit.kind, edit.name): edit for edit in mine}
    return [edit for edit in theirs if (other := own.get((edit.kind, edit.name))) and _clash(edit, other)]


def _clash(one: Edit, other: Edit) -> bool:
    if one.after == other.after:
        return False
    if None in (one.before, one.after, other.after):
        return True
    assert one.after is not None
    assert other.after is not None
    return any(one.after.get(key) != other.after.get(key) for key in one.fields & other.fields)


def merged(bodies: Bodies, mine: list[Edit]) -> Bodies:
    """Somebody's changes on top of what others have done meanwhile; there are no clashes."""
    result = dict(bodies)
    for edit in mine:
        key = (edit.kind, edit.name)
        if edit.after is None:
            result.pop(key, None)
        elif edit.before is None or key not in result:
            result[key] = edit.after
        else:
            body = dict(result[key])
            for name in edit.fields:
                if name in edit.after:
                    body[name] = edit.after[name]
                else:
                    body.pop(name, None)
            result[key] = body
    return result


def bodies_of(site: Site) -> Bodies:
    """A site's objects as plain JSON."""
    return bodies_from(site.to_json())


def bodies_from(site_json: str) -> Bodies:
    """Objects of a generation's `site.json`."""
    return {(kind, item["name"]): item for kind, items in json.loads(site_json).items() for item in items}


def to_json(bodies: Mapping[Key, dict[str, Any]]) -> str:
    """As `Site.to_json` writes it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for (kind, _name), body in sorted(bodies.items()):
        groups.setdefault(kind, []).append(body)
    return json.dumps(groups, ensure_ascii=False, indent=1)


def _apply(bodies: Bodies, edits: list[Edit]) -> None:
    for edit in edits:
        if edit.after is None:
            bodies.pop((edit.kind, edit.name), None)
        else:
            bodies[edit.kind, edit.name] = edit.after


def _revision(row: SiteRevisionRow) -> Revision:
    edits = [Edit(e["kind"], e["name"], e["before"], e["after"]) for e in json.loads(row.edits)]
    assert row.number is not None
    return Revision(row.number, row.created_at, row.author, row.what, row.undoes, edits)
