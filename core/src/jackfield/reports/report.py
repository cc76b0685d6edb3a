"""What a plugin declares of a report, and its rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import text
from sqlmodel import Session

from jackfield.errors import JackfieldError, Recovery

if TYPE_CHECKING:
    from jackfield.storage.engine import Database

MAX_ROWS = 100_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""
_PLAIN = re.compile(r"[+-]?[0-9][0-9 ()./-]*")
"""Numbers, telephone numbers and dates: no formula comes of these."""
Query = Callable[[Session, datetime, datetime], Iterable[Sequence[Any]]]
"""`query(session, since, until)`: a row at a time, a value a column."""
ZONE = "zone"
"""Key of the session's `info`."""


class ReportError(JackfieldError):
    """A report cannot be made; the message says why."""

    recovery = Recovery.REFUSE_INPUT


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report. `seconds` are shown as such; `text` may come from outside and is made harmless.

    >>> Column("wait", "seconds").title
    'wait'
    """

    name: str
    type: Literal["text", "number", "seconds", "percent", "time", "date"] = "text"
    title: str = ""

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Report:
    """A table of what happened between two moments.

    `query(session, since, until)` runs in the command (or console), on a session that can only read, and gives rows of
    as many values as there are columns, 100,000 at most. Times are UTC; the site's zone, for who cuts at its hours or
    days, is `session.info["zone"]`.

    Args:
        name: unique; small letters, digits and '-'.
        title: for people.
        columns: names and types.
        query: makes the rows.
        days: how far back `since` is when nobody says it.
        personal: it tells of callers or staff, and who looks is written down.

    Raises:
        ValueError: the name is not of that form, or there are no columns.
    """

    name: str
    title: str
    columns: Sequence[Column]
    query: Query
    days: int = 7
    personal: bool = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"report {self.name[:80]!r}: a name has small letters, digits and '-'")
        if not self.columns or len({c.name for c in self.columns}) < len(self.columns):
            raise ValueError(f"report {self.name}: it needs columns, each with a name of its own")


def make(report: Report, database: Database, since: datetime, until: datetime, zone: tzinfo = UTC) -> list[list[Any]]:
    """The rows of a report; `zone` is the site's.

    Raises:
        ReportError: the query fails, writes, or gives rows that do not fit.
    """
    if since >= until:
        raise ReportError(f"the report's time is empty: since {since.isoformat()} is not before {until.isoformat()}")
    rows: list[list[Any]] = []
    try:
        with Session(database.engine, info={ZONE: zone}) as session:
            with _read_only(session):
                for row in report.query(session, since, until):
                    values = list(row)
                    if len(values) != len(report.columns):
                        raise ReportError(
                            f"{report.name}: a row of {len(values)} values for {len(report.columns)} columns"
                        )
                    rows.append(values)
                    if len(rows) > MAX_ROWS:
                        raise ReportError(f"{report.name}: more than {MAX_ROWS} rows; ask for a shorter time")
    except ReportError:
        raise
    except Exception as error:
        raise ReportError(f"report {report.name} failed: {type(error).__name__}: {error}") from error
    return rows


class _read_only:  # noqa: N801
    """A session that the database itself keeps from writing."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sqlite = session.get_bind().dialect.name == "sqlite"

    def __enter__(self) -> None:
        self._session.execute(text("PRAGMA query_only = ON" if self._sqlite else "SET TRANSACTION READ ONLY"))

    def __exit__(self, *_: object) -> None:
        self._session.rollback()
        if self._sqlite:
            self._session.execute(text("PRAGMA query_only = OFF"))
            self._session.rollback()


def plain(value: Any) -> Any:
    """A value for JSON and tables."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, int | float | str | bool | None) else str(value)


def harmless(value: Any) -> Any:
    """A cell of a CSV file that no spreadsheet takes for a formula: `=…`, `@…` and the like get a `'` before them.

    Source: OWASP, "CSV Injection". Numbers and telephone numbers stay as they are.
    """
    value = plain(value)
    if not isinstance(value, str):
        return "" if value is None else value
    text = value.replace("\0", "")
    risky = text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) or text.startswith(_FORMULA)
    return f"'{text}" if risky and not _PLAIN.fullmatch(text) else text


def to_csv(report: Report, rows: Iterable[Sequence[Any]]) -> str:
    """The report as CSV (RFC 4180), a header first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(column.name) for column in report.columns])
    writer.writerows([harmless(value) for value in row] for row in rows)
    return out.getvalue()
