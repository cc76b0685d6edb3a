"""Commands about the database: records, migrate."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.cli.privileges import may_see_numbers
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for
from jackfield.privacy.mask import is_private, mask_number, mask_record

_ = gettext_for("jackfield")

if TYPE_CHECKING:
    from jackfield.records.models import CallRecord

_AGO = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def records(
    since: Annotated[str | None, typer.Option(help="From when: 2h, 7d, 2026-11-21, 2026-11-21T14:30.")] = None,
    number: Annotated[str | None, typer.Option(help="Only calls from this caller or extension.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Show the real numbers of calls through middle numbers (root only).")
    ] = False,
    json: Json = False,
) -> None:
    """List call records, newest first. Times are in the site's zone."""
    from jackfield.records.queries import find_calls

    if unmask and not may_see_numbers():
        raise JackfieldError(_("only root may see the real numbers; leave --unmask out"))
    context = open_context()
    zone = ZoneInfo(context.workspace.draft()[0].general.zone)
    start = None if since is None else moment(since, zone, datetime.now(UTC))
    found = find_calls(context.database, since=start, number=number, limit=limit)
    if json:
        rows = [record.as_json() for record in found]
        output.as_json(rows if unmask else [mask_record(row) for row in rows])
        return
    output.records([_row(record, zone, unmask) for record in found], _("No records."))


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A point in time: so long ago (`2h`), or a date or time in the site's zone.

    Raises:
        typer.BadParameter: it is neither.
    """
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            _("{text} is no time; write 2h, 7d, 2026-11-21 or 2026-11-21T14:30").format(text=repr(text))
        ) from None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found


def _row(record: CallRecord, zone: ZoneInfo, unmask: bool) -> dict[str, object]:
    return {
        "started": record.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        "from": "withheld" if record.withheld else _number(record, unmask),
        "to": record.did or record.extension,
        "path": " > ".join(step.destination for step in record.steps),
        "wait": record.wait_seconds,
        "talk": record.talk_seconds,
        "agent": record.agent,
        "mos": "" if record.mos is None else record.mos,
        "result": record.result or "in progress",
    }


def _number(record: CallRecord, unmask: bool) -> str:
    hidden = not unmask and is_private(step.destination for step in record.steps)
    return mask_number(record.caller_number) if hidden else record.caller_number


def migrate(
    core: Annotated[bool, typer.Option("--core", help="Core's tables alone; the daemon sees to the plugins'.")] = False,
    json: Json = False,
) -> None:
    """Bring the database's tables up to date, after a back-up. The daemon does it too, when it starts.

    Exit code 1: a plugin's tables could not be; the others' are.
    """
    from jackfield.plugins.tables import migrate_core, migrate_plugins

    context = open_context(migrated=False)
    done, failed = migrate_core(context.database, context.settings), dict[str, str]()
    if not core:
        more, failed = migrate_plugins(context.host, context.database, context.settings)
        done += more
    if json:
        output.as_json({"done": done, "failed": failed})
    else:
        for line in done or ([] if failed else [_("The database is up to date.")]):
            typer.echo(line)
        for name, why in failed.items():
            output.note(f"{name}: {why}")
    if failed:
        raise typer.Exit(1)
