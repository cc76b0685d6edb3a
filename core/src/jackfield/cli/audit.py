"""The command `jackfield audit`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.cli.records import moment
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")


def audit(
    who: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    since: Annotated[str | None, typer.Option(help="From when: 2h, 7d, 2026-11-21, 2026-11-21T14:30.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many lines at most.")] = 50,
    json: Json = False,
) -> None:
    """Show who read personal data, who changed what, and who was refused; newest first. Times are UTC."""
    from jackfield.control.audit import read

    context = open_context()
    zone = ZoneInfo(context.workspace.draft()[0].general.zone)
    start = None if since is None else moment(since, zone, datetime.now(UTC))
    found = read(context.database, who=who, since=start, limit=limit)
    if json:
        output.as_json(found)
        return
    rows = [
        {
            "at": row["at"][:19].replace("T", " "),
            "times": row["count"],
            "who": row["who"],
            "what": "change" if row["change"] else "read",
            "method": row["method"],
            "object": row["object"],
            "outcome": row["outcome"],
            "detail": row["detail"],
        }
        for row in found
    ]
    output.records(rows, _("Nothing so far."))
