"""Commands that ring a phone: to hear a prompt, to record one, to place a test call."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask, ask_and_follow
from jackfield.errors import CommandFailed
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
N_ = str
prompts_app = typer.Typer(no_args_is_help=True, help="Prompts, at a phone.")
Phone = Annotated[str, typer.Option(help="The extension whose phone rings, as in 201.")]
Language = Annotated[str | None, typer.Option(help="en or zh; the site's when left out.")]
STATES = {
    "ringing": N_("the phone rings; answer it"), "playing": N_("it is played"),
    "recording": N_("speak after the tone; # ends it"), "review": N_("1 keeps it, 2 plays it again, 3 records anew"),
    "keeping": N_("it is put into the draft"), "connected": N_("the call takes its way"), "done": N_("done"),
    "failed": N_("failed"),
}  # fmt: skip
"""What each state means to who waits."""


@prompts_app.command()
def listen(
    phone: Phone,
    prompt: Annotated[str, typer.Argument(help="The prompt, as it is in the draft.")] = "",
    language: Language = None,
    text: Annotated[str, typer.Option(help="Instead of a prompt: a text to be spoken.")] = "",
    json: Json = False,
) -> None:
    """Ring a phone and play a prompt to who answers; wait for the end."""
    _wait(json, "prompts.listen", prompt=prompt, phone=phone, language=language, text=text)


@prompts_app.command()
def record(
    prompt: Annotated[str, typer.Argument(help="The prompt; it is made when there is none of this name.")],
    phone: Phone,
    language: Language = None,
    json: Json = False,
) -> None:
    """Ring a phone and record a prompt from who answers; what is kept is in the draft. Wait for the end."""
    _wait(json, "prompts.record", prompt=prompt, phone=phone, language=language)


def place_test_call(
    number: Annotated[str, typer.Argument(help="The number that is called, or a destination as in queue:sales.")],
    phone: Phone,
    caller: Annotated[str, typer.Option("--from", help="Who seems to call; the phone when left out.")] = "",
    trunk: Annotated[str | None, typer.Option(help="The trunk that it seems to come over.")] = None,
    json: Json = False,
) -> None:
    """Ring a phone and connect who answers to a number, by its inbound route; tell the way until the call is over."""
    _wait(json, "calls.test", number=number, phone=phone, caller=caller, trunk=trunk)


def _wait(json: bool, method: str, **params: Any) -> None:
    told: set[str] = set()
    for errand in ask_and_follow("errand", method, **params):
        if not json:
            _tell(errand, told)
        if errand["state"] in ("done", "failed"):
            break
    if json:
        output.as_json(ask("errands.show", errand=errand["id"]))
    if errand["state"] == "failed":
        raise CommandFailed(errand["reason"])


def _tell(errand: dict[str, Any], told: set[str]) -> None:
    """What is new of it."""
    lines = [_(STATES[errand["state"]])]
    if errand["kind"] == "test-call":
        lines += [f"→ {step['destination']}" for step in ask("errands.show", errand=errand["id"])["steps"]]
    for line in lines:
        if line not in told:
            told.add(line)
            typer.echo(line)
