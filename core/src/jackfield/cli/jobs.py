"""Commands about background jobs: list, show, retry, drop, schedules."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

app = typer.Typer(no_args_is_help=True, help="Background jobs: what waits, runs, is done or was given up.")
Number = Annotated[int, typer.Argument(help="Number of the job, as `jackfield jobs list` shows it.")]


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only jobs that are waiting, sent, running, done or dead.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    json: Json = False,
) -> None:
    """List jobs, newest first. Times are UTC."""
    found = ask("jobs", state=state, limit=limit)
    output.as_json(found) if json else output.records([_row(job) for job in found], _("No jobs."))


def _row(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "job": job["id"],
        "name": job["name"],
        "state": job["state"],
        "tries": job["attempts"],
        "percent": job["percent"],
        "note": job["note"],
        "created": output.moment(job["created_at"]),
        "error": job["error"],
    }


@app.command()
def show(job: Number, json: Json = False) -> None:
    """Show one job: what it was given, and all of its last error."""
    found = ask("jobs.show", job=job)
    if json:
        output.as_json(found)
        return
    for key, value in found.items():
        typer.echo(f"{key.replace('_', ' ')}: {value if key == 'error' else output.cell(value)}")


@app.command()
def retry(job: Number, json: Json = False) -> None:
    """Give a dead job all its attempts again."""
    done = ask("jobs.retry", job=job)
    output.as_json(done) if json else typer.echo(_("Job {job} waits for its next run.").format(job=job))


@app.command()
def drop(job: Number, json: Json = False) -> None:
    """Take a job off the list for good. One that runs stays."""
    done = ask("jobs.drop", job=job)
    output.as_json(done) if json else typer.echo(_("Job {job} is dropped.").format(job=job))


@app.command()
def schedules(json: Json = False) -> None:
    """List what runs at set times: when it did last, and when it will. Times are UTC."""
    found = ask("jobs.schedules")
    if json:
        output.as_json(found)
        return
    keys = ("name", "when", "missed", "job")
    rows = [
        {k: row[k] for k in keys} | {"last": output.moment(row["last"]), "next": output.moment(row["next"])}
        for row in found
    ]
    output.records(rows, _("No schedules."))
