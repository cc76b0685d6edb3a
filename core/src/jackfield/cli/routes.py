"""Commands that tell which route a call takes: route test in, route test out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jackfield.cli import live, output
from jackfield.cli.context import Json, open_context
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

route_app = typer.Typer(no_args_is_help=True, help="Routes of calls.")
test_app = typer.Typer(no_args_is_help=True, help="Tell which route a call would take, and why; no call is made.")
route_app.add_typer(test_app, name="test")


@test_app.command("in")
def into(
    did: Annotated[str, typer.Option("--did", help="The number dialled, as the carrier sends it.")],
    trunk: Annotated[str | None, typer.Option(help="The trunk; may be left out when there is one only.")] = None,
    caller: Annotated[str, typer.Option("--from", help="The caller's number; withheld when left out.")] = "",
    at: Annotated[
        str | None, typer.Option(help="When, as in 2026-12-25T14:30, in the site's zone; now when left out.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="By the draft, not by the site in force.")] = False,
    json: Json = False,
) -> None:
    """Tell which inbound route a call takes: each route that has the number, lists, hours, and where it leads."""
    if draft:
        from jackfield.config.trial import inbound_by

        found = inbound_by(open_context().workspace.draft()[0], did=did, trunk=trunk, caller=caller, at=at)
    else:
        found = live.ask("route.test.in", did=did, trunk=trunk, caller=caller, at=at)
    output.as_json(found) if json else _show(found)


def _show(found: dict[str, Any]) -> None:
    caller = found["from"] or _("a caller without a number")
    typer.echo(
        _("{caller} calls {did} over {trunk} at {at}").format(
            caller=caller, did=found["did"], trunk=found["trunk"], at=found["at"]
        )
    )
    for one in found["candidates"]:
        typer.echo(f"{'→' if one['taken'] else ' '} did {output.cell(one['route'])}: {output.cell(one['why'])}")
    for one in found["lists"]:
        typer.echo("  " + _("on the list {name}: {what}").format(name=one["name"], what=_says(one)))
    typer.echo(f"{found['destination']}: {output.cell(found['why'])}")
    for one in found["then"]:
        typer.echo(f"→ {one['destination']}: {output.cell(one['why'])}")
    typer.echo(
        _("language {language}, priority {priority}, fallback {fallback}").format(
            language=found["language"], priority=found["priority"], fallback=found["fallback"]
        )
    )


def _says(one: dict[str, Any]) -> str:
    says = [_("priority {priority}").format(priority=one["priority"])] if one["priority"] else []
    says += [_("blocked")] if one["block"] else []
    says += [_("language {language}").format(language=one["language"])] if one["language"] else []
    return ", ".join(says) or _("no more than that")


@test_app.command("out")
def out(
    number: Annotated[str, typer.Argument(help="The number, as dialled.")],
    extension: Annotated[
        str | None,
        typer.Option("--from", help="The extension that dials; left out: a call from outside, sent out again."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When, as in 2026-12-25T14:30, in the site's zone; now when left out.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="By the draft, not by the site in force.")] = False,
    json: Json = False,
) -> None:
    """Tell how a call would go out: route, trunks, numbers as sent, caller-ID; or why it is refused.

    Limits and trunks are taken as they are now; with --draft as if all were free. Exit code 1: it would be refused.
    """
    if draft:
        from jackfield.config.trial import outbound_by

        found = outbound_by(open_context().workspace.draft()[0], number, extension, at)
    else:
        found = live.ask("route.test.out", number=number, extension=extension, at=at)
    output.as_json(found) if json else _show_out(found)
    if found["refused"]:
        raise typer.Exit(1)


def _show_out(found: dict[str, Any]) -> None:
    typer.echo(
        _("{caller} dials {number} at {at}").format(
            caller=found["from"] or _("a call from outside"), number=found["number"], at=found["at"]
        )
    )
    for rule in found["rules"]:
        typer.echo(f"  {rule}")
    for index, attempt in enumerate(found["attempts"], 1):
        shown = _("as the caller") if attempt["caller_id"] is None else attempt["caller_id"]
        shown += _(", withheld") if attempt["withheld"] else ""
        typer.echo(
            _("{index}. trunk {trunk}: {number}, showing {shown}").format(
                index=index, trunk=attempt["trunk"], number=attempt["number"], shown=shown
            )
        )
    if found["fallback"]:
        typer.echo(_("then {fallback}").format(fallback=found["fallback"]))
    if found["refused"]:
        typer.echo(_("refused: {why}").format(why=output.cell(found["why"])))
