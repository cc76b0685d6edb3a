"""Commands about live calls: conferences, and who is parked."""

from __future__ import annotations

from typing import Annotated

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

conference_app = typer.Typer(no_args_is_help=True, help="More people in a live call.")


@conference_app.command("list")
def list_(json: Json = False) -> None:
    """List conferences and who is in them."""
    found = ask("conferences")
    if json:
        output.as_json(found)
        return
    rows = [{"room": each["room"], **member} for each in found for member in each["members"]]
    output.records(rows, _("No conferences."))


@conference_app.command()
def add(
    call: Annotated[str, typer.Argument(help="An extension that talks, or the call's id as in: jackfield calls.")],
    number: Annotated[str, typer.Argument(help="Whom to add: an extension, or a number outside.")],
    json: Json = False,
) -> None:
    """Add a person to a live call; it becomes a conference."""
    found = ask("conference.add", call=call, number=number)
    output.as_json(found) if json else output.records([found], "")


@conference_app.command()
def drop(
    room: Annotated[str, typer.Argument(help="The conference, as in: jackfield conference list.")],
    member: Annotated[str, typer.Argument(help="Number or channel of who is taken out.")],
    json: Json = False,
) -> None:
    """Take a person out of a conference."""
    done = ask("conference.drop", room=room, member=member)
    if json:
        output.as_json(done)
    elif not done:
        output.note(_("they had left already"))


def parked(json: Json = False) -> None:
    """List callers who are parked."""
    found = ask("parked")
    output.as_json(found) if json else output.records(found, _("Nobody is parked."))
