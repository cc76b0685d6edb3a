"""Commands that steer agents (of the plugin acd)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
agent_app = typer.Typer(no_args_is_help=True, help="An agent: log in and out, pause, ready.")
Agent = Annotated[str, typer.Argument(help="The agent, as in: jackfield agents.")]


@agent_app.command()
def login(
    agent: Agent,
    extension: Annotated[str, typer.Argument(help="The phone; the agent's own, when left out.")] = "",
    number: Annotated[str, typer.Option(help="Instead: a number outside, as dialled at the agent's own phone.")] = "",
    json: Json = False,
) -> None:
    """Log an agent in at a phone or at a number outside, without the PIN."""
    _show(ask("acd.agent.login", agent=agent, extension=extension, number=number), json)


@agent_app.command()
def logout(agent: Agent, json: Json = False) -> None:
    """Log an agent out; a talk goes on."""
    _show(ask("acd.agent.logout", agent=agent), json)


@agent_app.command()
def pause(
    agent: Agent,
    reason: Annotated[str, typer.Argument(help="Name or code of a reason, as in: jackfield agent reasons.")] = "",
    json: Json = False,
) -> None:
    """Pause an agent; in a talk, from its end on."""
    _show(ask("acd.agent.pause", agent=agent, reason=reason), json)


@agent_app.command()
def ready(agent: Agent, json: Json = False) -> None:
    """End an agent's pause or wrap-up."""
    _show(ask("acd.agent.ready", agent=agent), json)


@agent_app.command("more-time")
def more_time(
    agent: Agent,
    seconds: Annotated[int | None, typer.Option(help="How many; the queue's wrap-up once more, when left out.")] = None,
    json: Json = False,
) -> None:
    """Give an agent in wrap-up more time for notes, as long as the queue allows."""
    _show(ask("acd.agent.more-time", agent=agent, seconds=seconds), json)


@agent_app.command()
def personal(agent: Agent, json: Json = False) -> None:
    """Mark an agent's talk as personal service: no norm holds for it, and it is left out of figures."""
    done = ask("acd.agent.personal", agent=agent)
    if json:
        output.as_json(done)


@agent_app.command()
def reasons(json: Json = False) -> None:
    """List the site's reasons to pause."""
    found = ask("acd.pause-reasons")
    output.as_json(found) if json else output.records(found, _("No reasons to pause."))


def _show(row: dict[str, Any], json: bool) -> None:
    output.as_json(row) if json else output.records([row], "")


@agent_app.command()
def monitor(
    agent: Agent,
    extension: Annotated[str, typer.Argument(help="The supervisor's phone: it rings.")],
    mode: Annotated[str, typer.Option(help="listen, whisper (to the agent), barge (in) or take-over.")] = "listen",
    json: Json = False,
) -> None:
    """Bring a supervisor into an agent's talk."""
    done = ask("acd.monitor", agent=agent, extension=extension, mode=mode)
    if json:
        output.as_json(done)
