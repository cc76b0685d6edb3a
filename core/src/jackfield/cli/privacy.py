"""Commands about middle numbers: privacy bind, list, unbind."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from jackfield.cli import live, output
from jackfield.cli.context import Json
from jackfield.cli.privileges import author
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

app = typer.Typer(no_args_is_help=True, help="Middle numbers: two parties call each other, neither sees a number.")
_DURATION = re.compile(r"([0-9]{1,7})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Unmask = Annotated[bool, typer.Option("--unmask", help="Show the real numbers (administrators only).")]


@app.command()
def bind(
    a: Annotated[str, typer.Argument(help="A's number.")],
    b: Annotated[str, typer.Argument(help="B's number.")],
    duration: Annotated[str, typer.Option("--for", help="For how long, as in 30m, 2h, 7d.")],
    x: Annotated[str | None, typer.Option("--x", help="The middle number; a free one of the pool if left out.")] = None,
    pool: Annotated[str | None, typer.Option(help="The pool to take a number from, if there are several.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Record the talks.")] = False,
    json: Json = False,
) -> None:
    """Bind A and B: whoever of them calls X reaches the other, who sees X."""
    found = _DURATION.fullmatch(duration)
    if not found:
        raise typer.BadParameter(_("{duration} is no time; write 90s, 30m, 2h or 7d").format(duration=repr(duration)))
    seconds = int(found[1]) * _SECONDS[found[2]]
    made = live.ask("privacy.bind", a=a, b=b, lifetime=seconds, x=x, pool=pool, record=record, author=author())
    output.as_json(made) if json else typer.echo(
        _("Binding {id}: {a} and {b} call {x} until {expires_at}").format(
            id=made["id"], a=made["a"], b=made["b"], x=made["x"], expires_at=made["expires_at"]
        )
    )


@app.command("list")
def list_(unmask: Unmask = False, json: Json = False) -> None:
    """List live bindings, the first to end first."""
    found = live.ask("privacy.list", unmask=unmask)
    output.as_json(found) if json else output.records(found, _("No bindings."))


@app.command()
def unbind(
    identity: Annotated[int, typer.Argument(metavar="ID", help="The binding, as in jackfield privacy list.")],
    json: Json = False,
) -> None:
    """End a binding now. A talk that goes on through it goes on."""
    ended = live.ask("privacy.unbind", id=identity)
    output.as_json(ended) if json else typer.echo(
        _("Binding {id} through {x} has ended.").format(id=ended["id"], x=ended["x"])
    )
