"""Commands about extensions: how they are, what their users have set, feature codes, and how to set up a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.cli.live import ask
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

if TYPE_CHECKING:
    from jackfield.config.site import Site

extension_app = typer.Typer(no_args_is_help=True, help="What the user of an extension has set.")
phone_app = typer.Typer(no_args_is_help=True, help="Setting up phones.")
_Forward = typer.Option(help="A number; '' for none; 'site' for what the site says.")


def extensions(json: Json = False) -> None:
    """List extensions: their phones, whether they are in use, do-not-disturb and forwards."""
    found = ask("extensions")
    if json:
        output.as_json(found)
        return
    rows = [
        row | {"devices": [d["name"] + ("" if d["registered"] else _(" (not registered)")) for d in row["devices"]]}
        for row in found
    ]
    output.records(rows, _("No extensions."))


@extension_app.command("set")
def set_(
    extension: Annotated[str, typer.Argument(help="The extension, as in 201.")],
    dnd: Annotated[bool | None, typer.Option("--dnd/--no-dnd", help="Do not disturb.")] = None,
    forward_always: Annotated[str | None, _Forward] = None,
    forward_busy: Annotated[str | None, _Forward] = None,
    forward_no_answer: Annotated[str | None, _Forward] = None,
    json: Json = False,
) -> None:
    """Set do-not-disturb and forwards, as the user can by codes at the phone."""
    given: dict[str, Any] = {
        "dnd": dnd,
        "forward_always": forward_always,
        "forward_busy": forward_busy,
        "forward_no_answer": forward_no_answer,
    }
    row = ask("extension.set", extension=extension, **{k: v for k, v in given.items() if v is not None})
    output.as_json(row) if json else output.records([row | {"devices": [d["name"] for d in row["devices"]]}], "")


def codes(json: Json = False) -> None:
    """List feature codes: what people can dial at their phones."""
    from jackfield.control.upkeep_methods import codes as rows_of

    rows = rows_of(open_context(migrated=False).host)
    output.as_json(rows) if json else output.records(rows, _("No codes."))


@phone_app.command("show")
def show(
    extension: Annotated[str, typer.Argument(help="The extension, as in 201.")],
    host: Annotated[str | None, typer.Option(help="The server's name or address as phones reach it.")] = None,
    json: Json = False,
) -> None:
    """Show what to enter into the phones of an extension: its accounts, with their passwords."""
    from jackfield.config.provisioning import accounts_of

    workspace = open_context().workspace
    rows = accounts_of(_in_force(workspace), extension, host)
    if json:
        output.as_json(rows)
        return
    for number, row in enumerate(rows):
        if number:
            typer.echo()
        output.table(["setting", "value"], [[key.replace("_", " "), value] for key, value in row.items()])


def _in_force(workspace: Any) -> Site:
    site: Site | None = workspace.in_force()
    if site is None:
        raise JackfieldError(_("no site is in force yet; run: jackfield import FILE; jackfield apply"))
    return site
