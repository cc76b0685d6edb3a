"""What the control socket offers of reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from jackfield.control.method import Method, Role
from jackfield.reports.report import Report, ReportError, make, plain
from jackfield.storage.engine import Database

MOST = 2000
"""Rows of an answer; `jackfield report` gives more."""


def find(known: dict[str, Report], name: str) -> Report:
    """A report by its name.

    Raises:
        ReportError: there is none.
    """
    if name not in known:
        raise ReportError(f"there is no report {name!r}; there are: {', '.join(sorted(known)) or 'none'}")
    return known[name]


def listed(known: dict[str, Report]) -> list[dict[str, Any]]:
    """All reports, in words."""
    return [{"name": r.name, "title": r.title, "columns": [c.name for c in r.columns]} for r in known.values()]


def methods(known: Callable[[], dict[str, Report]], database: Database, zone: Callable[[], ZoneInfo]) -> list[Method]:
    """Control methods about reports; `zone` is the site's."""

    def report(
        name: Annotated[str | None, Field(max_length=64, description="Which; without it, all are listed")] = None,
        since: Annotated[AwareDatetime | None, Field(description="From when; with a zone")] = None,
        until: Annotated[AwareDatetime | None, Field(description="Until when; now if left out")] = None,
    ) -> list[dict[str, Any]]:
        """A report of a plugin's, a row a line; or the reports that there are."""
        if name is None:
            return listed(known())
        chosen = find(known(), name)
        end = until or datetime.now(UTC)
        start = since or end - timedelta(days=chosen.days)
        rows = make(chosen, database, start.astimezone(UTC), end.astimezone(UTC), zone())
        if len(rows) > MOST:
            raise ReportError(f"report {name}: {len(rows)} rows are too many here; ask for a shorter time")
        return [{c.name: plain(v) for c, v in zip(chosen.columns, row, strict=True)} for row in rows]

    return [Method("report", report, Role.OPERATOR, personal=True, object="{name}")]
