"""`jackfield report`: the plugins' reports, as a table, CSV or JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")


def report(
    name: Annotated[str | None, typer.Argument(help="Which report; without it, all are listed.")] = None,
    since: Annotated[str | None, typer.Option(help="From when: 2h, 7d, 2026-11-21, 2026-11-21T14:30.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when; now if left out.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
    json: Json = False,
) -> None:
    """Print a report of a plugin's, or list the reports that there are. Times of a table are in the site's zone."""
    from jackfield.cli.records import moment
    from jackfield.reports.methods import find, listed
    from jackfield.reports.report import make, plain, to_csv

    context = open_context()
    known = context.host.reports()
    if name is None:
        output.as_json(listed(known)) if json else output.records(listed(known), _("No reports."))
        return
    chosen = find(known, name)
    zone, now = ZoneInfo(context.workspace.draft()[0].general.zone), datetime.now(UTC)
    end = now if until is None else moment(until, zone, now)
    start = end - timedelta(days=chosen.days) if since is None else moment(since, zone, now)
    found = make(chosen, context.database, start.astimezone(UTC), end.astimezone(UTC), zone)
    if csv:
        typer.echo(to_csv(chosen, found), nl=False)
        return
    if json:
        output.as_json([{c.name: plain(v) for c, v in zip(chosen.columns, row, strict=True)} for row in found])
        return
    output.records(
        [{c.title: _shown(v, zone) for c, v in zip(chosen.columns, row, strict=True)} for row in found], _("No rows.")
    )


def _shown(value: object, zone: ZoneInfo) -> object:
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return aware.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return value
