"""Commands about alarms: list, ack, history, test."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for, language_in_use

_ = gettext_for("jackfield")

app = typer.Typer(no_args_is_help=True, help="Alarms: what is wrong now, and what was.")
Key = Annotated[str, typer.Argument(help="Key of the alarm, as `jackfield alarms list` shows it.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the alarms that are up, worst first. Times are UTC."""
    found = ask("alarms", language=language_in_use())
    if json:
        output.as_json(found)
        return
    output.records([_row(alarm) for alarm in found], _("No alarms."))


def _row(alarm: dict[str, Any]) -> dict[str, Any]:
    by = alarm["acknowledged_by"]
    state = f"acknowledged by {by}" if by else "escalated" if alarm["escalated_at"] else "new"
    return {
        "severity": alarm["severity"],
        "key": alarm["key"],
        "since": output.moment(alarm["raised_at"]),
        "times": alarm["count"],
        "state": f"{state}, flapping" if alarm["flapping"] else state,
        "text": alarm["text"],
    }


@app.command()
def ack(
    key: Key,
    note: Annotated[str, typer.Option("--note", "-n", help="What is being done about it.")] = "",
    json: Json = False,
) -> None:
    """Acknowledge an alarm: you look after it, and it does not escalate."""
    done = ask("alarms.ack", key=key, note=note)
    output.as_json(done) if json else typer.echo(
        _("{key} is acknowledged by {acknowledged_by}.").format(key=key, acknowledged_by=done["acknowledged_by"])
    )


@app.command()
def clear(key: Key, json: Json = False) -> None:
    """Clear an alarm that will not be cleared by itself, as one about a job that was given up."""
    done = ask("alarms.clear", key=key)
    output.as_json(done) if json else typer.echo(_("{key} is clear.").format(key=key))


@app.command()
def history(
    key: Annotated[str | None, typer.Option(help="Only this alarm.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many lines at most.")] = 50,
    json: Json = False,
) -> None:
    """List what happened to alarms, newest first. Times are UTC."""
    found = ask("alarms.history", key=key, limit=limit, language=language_in_use())
    if json:
        output.as_json(found)
        return
    keys = ("what", "severity", "key", "text", "who", "note")
    output.records([{"at": output.moment(e["at"]), **{k: e[k] for k in keys}} for e in found], _("No alarms so far."))


@app.command("test")
def send_test(json: Json = False) -> None:
    """Raise an alarm and clear it at once, to see whom it reaches."""
    done = ask("alarms.test")
    output.as_json(done) if json else typer.echo(
        _("A test alarm was raised and cleared; see: jackfield alarms history")
    )
