"""Commands about queues (of the plugin acd)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
app = typer.Typer(no_args_is_help=True, help="Queues: what was decided, who waits, and call-backs.")


@app.callback()
def _group() -> None:
    """Queues: what was decided, who waits, and call-backs."""


@app.command()
def why(
    call: Annotated[str, typer.Argument(help="The call's id, as in: jackfield calls, jackfield records.")],
    json: Json = False,
) -> None:
    """Tell why a caller was served as it was: each decision, who could be rung, and who could not and why."""
    found = ask("acd.why", call=call)
    if json:
        output.as_json(found)
        return
    if not found:
        output.note(_("nothing is known of this call in a queue; is it the id of one that was in a queue?"))
    for each in found:
        typer.echo(f"{each['at'][11:23]}  {each['queue']}: {each['text']}")
        if each.get("candidates"):
            typer.echo(" " * 14 + _("free: {agents}").format(agents=", ".join(each["candidates"])))
        for agent, reason in each.get("left_out", {}).items():
            typer.echo(f"{'':14}{agent}: {reason}")


@app.command()
def figures(
    of: Annotated[str, typer.Argument(help="Of what: queues or agents.")] = "queues",
    every: Annotated[str | None, typer.Option(help="Cut at full quarters, hours or days: quarter, hour, day.")] = None,
    since: Annotated[str | None, typer.Option(help="From when: 2h, 7d, 2026-11-21, 2026-11-21T14:30.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when; now if left out.")] = None,
    json: Json = False,
) -> None:
    """Show figures: offered, answered, abandoned, service level, waits, talk time, occupancy."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    from jackfield.cli.context import open_context
    from jackfield.cli.records import moment

    zone, now = ZoneInfo(open_context().workspace.draft()[0].general.zone), datetime.now(UTC)
    end = now if until is None else moment(until, zone, now)
    start = end - timedelta(days=1) if since is None else moment(since, zone, now)
    found = ask("acd.figures", of=of, every=every, since=start.isoformat(), until=end.isoformat())
    if json:
        output.as_json(found)
        return
    for row in found:
        for name in ("from", "until"):
            row[name] = datetime.fromisoformat(row[name]).astimezone(zone).strftime("%m-%d %H:%M")
    output.records(found, _("No rows."))


@app.command()
def lost(
    since: Annotated[str | None, typer.Option(help="From when: 2h, 7d, 2026-11-21, 2026-11-21T14:30.")] = None,
    json: Json = False,
) -> None:
    """List callers who were in line when Asterisk died, in the order in which they had come: to be called back."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    from jackfield.cli.context import open_context
    from jackfield.cli.records import moment

    zone, now = ZoneInfo(open_context().workspace.draft()[0].general.zone), datetime.now(UTC)
    start = now - timedelta(days=1) if since is None else moment(since, zone, now)
    found = ask("acd.lost", since=start.isoformat())
    if json:
        output.as_json(found)
        return
    for row in found:
        row["at"] = datetime.fromisoformat(row["at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    output.records(found, _("No callers were lost."))


Call = Annotated[str, typer.Argument(help="The call's id, as in: jackfield queues.")]


@app.command()
def move(
    call: Call,
    to: Annotated[str, typer.Argument(help="A queue, or any destination as kind:name.")],
    json: Json = False,
) -> None:
    """Send a waiting caller to another queue or destination; the time waited goes along."""
    _done(ask("acd.contact.move", call=call, to=to), json)


@app.command()
def prioritise(
    call: Call,
    priority: Annotated[int, typer.Argument(help="0 to 100; higher is served first.")],
    json: Json = False,
) -> None:
    """Give a caller in a queue another priority."""
    _done(ask("acd.contact.prioritise", call=call, priority=priority), json)


@app.command()
def drop(call: Call, json: Json = False) -> None:
    """End the call of a caller who waits."""
    _done(ask("acd.contact.drop", call=call), json)


def _done(answer: Any, json: bool) -> None:
    if json:
        output.as_json(answer)


@app.command()
def notices(json: Json = False) -> None:
    """List what nears or exceeds a norm now: waits, ringing, talks, holds, pauses."""
    found = ask("acd.notices")
    output.as_json(found) if json else output.records(found, _("All norms are kept."))


@app.command()
def callbacks(json: Json = False) -> None:
    """List callers who are to be called back, and those who were: the newest first."""
    found = ask("acd.callbacks")
    if json:
        output.as_json(found)
        return
    shown = ("id", "queue", "number", "requested_at", "state", "tries", "next_at", "agent", "result")
    output.records([{key: row[key] for key in shown} for row in found], _("No call-backs."))


@app.command()
def cancel(
    callback: Annotated[int, typer.Argument(help="The call-back's id, as in: jackfield acd callbacks.")],
    json: Json = False,
) -> None:
    """Take a call-back out of the line: the customer is not called."""
    _done(ask("acd.callback.cancel", callback=callback), json)
