"""Commands that ask the daemon: status, calls, agents, queues."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.privileges import author, become_service_user
from jackfield.control.client import Subscription, request, socket_path
from jackfield.control.client import events as follow
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")


def ask(method: str, **params: Any) -> Any:
    """Ask the daemon. Raises as `jackfield.control.client.request`."""
    who = author()
    become_service_user()
    return request(method, path=_socket(), by=who, **params)


def ask_and_follow(topic: str, method: str, **params: Any) -> Iterator[dict[str, Any]]:
    """Ask for something that goes on after the answer: the answer, then the events of a topic with the answer's id."""
    who = author()
    become_service_user()
    with Subscription([topic], path=_socket()) as stream:
        begun = request(method, path=_socket(), by=who, **params)
        yield begun
        yield from (event["data"] for event in stream if event.get("data", {}).get("id") == begun["id"])


def _socket() -> Path:
    """The daemon's socket; others than root and jackfield cannot read the settings, and need not."""
    from jackfield import settings
    from jackfield.errors import SettingsError

    try:
        return settings.load().paths.run / "control.sock"
    except SettingsError as error:
        if isinstance(error.__cause__, PermissionError):
            return socket_path()
        raise


def events(
    topics: Annotated[list[str] | None, typer.Argument(help="Topics, as call or alarm; all when left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one event a line.")] = False,
) -> None:
    """Show what happens, as it happens, until interrupted."""
    become_service_user()
    for event in follow(topics or [], path=_socket()):
        if json:
            typer.echo(json_text.dumps(event, ensure_ascii=False))
            continue
        data = event.get("data", {"text": event.get("text", "")})
        typer.echo(f"{event.get('at', '')[11:19]} {event['event']} {output.cell(data)}")


def _show_list(method: str, empty: str, json: bool) -> None:
    found = ask(method)
    output.as_json(found) if json else output.records(found, empty)


def status(json: Json = False) -> None:
    """Show whether everything is at work."""
    found = ask("status")
    if json:
        output.as_json(found)
        return
    output.table(["what", "state"], [[key.replace("_", " "), value] for key, value in found.items()])


def calls(json: Json = False) -> None:
    """List calls in progress."""
    _show_list("calls", _("No calls."), json)


def trunks(json: Json = False) -> None:
    """List trunks: state, since when, round trip in milliseconds, calls now."""
    _show_list("trunks", _("No trunks."), json)


def agents(json: Json = False) -> None:
    """List agents and what they are doing."""
    _show_list("agents", _("No agents."), json)


def queues(json: Json = False) -> None:
    """List queues, who waits and who serves."""
    _show_list("queues", _("No queues."), json)
