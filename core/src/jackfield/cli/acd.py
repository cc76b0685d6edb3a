"""Commands about queues (of the plugin acd)."""

from __future__ import annotations

from typing import Annotated

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
app = typer.Typer(no_args_is_help=True, help="Queues: what was decided, and why.")


@app.callback()
def _group() -> None:
    """Queues: what was decided, and why."""


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
