"""Control methods: extensions as they are, and changing what their users have set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jackfield.config.objects.extension import Extension
from jackfield.config.phones import endpoints
from jackfield.control.method import Method, Role
from jackfield.errors import UnsafeValue
from jackfield.features.states import FORWARDS

if TYPE_CHECKING:
    from jackfield.calls.channels import Channel
    from jackfield.calls.registry import Registry
    from jackfield.calls.service import CallService
    from jackfield.features.states import UserStates

SITE = "site"
Forward = Annotated[str | None, Field(max_length=40, description="A number; '' for none; 'site': as the site says")]


def methods(calls: CallService, states: UserStates, registry: Registry) -> list[Method]:
    """Control methods about extensions."""

    def extensions() -> list[dict[str, Any]]:
        """All extensions, their phones and their states."""
        channels: dict[str, list[Channel]] = {}
        for channel in registry.channels():
            channels.setdefault(channel.endpoint, []).append(channel)
        site, there = calls.site, registry.registered()
        return [
            _row(extension, endpoints(site, extension.name), states, channels, there)
            for extension in site.all("extension", Extension)
        ]

    def change(
        extension: str,
        dnd: bool | None = None,
        forward_always: Forward = None,
        forward_busy: Forward = None,
        forward_no_answer: Forward = None,
    ) -> dict[str, Any]:
        """Set do-not-disturb and forwards; what is not given stays."""
        if calls.site.get("extension", extension, Extension) is None:
            raise UnsafeValue(f"there is no extension {extension[:20]!r}; see: jackfield extensions")
        given = (forward_always, forward_busy, forward_no_answer)
        values: dict[str, bool | str | None] = {
            name: None if value == SITE else value
            for name, value in zip(FORWARDS, given, strict=True)
            if value is not None
        }
        if dnd is not None:
            values["dnd"] = bool(dnd)
        states.change(extension, **values)
        return next(row for row in extensions() if row["extension"] == extension)

    return [
        Method("extensions", extensions, Role.OPERATOR, personal=True),
        Method("extension.set", change, Role.OPERATOR, change=True, object="extension:{extension}"),
    ]


def _row(
    extension: Extension,
    names: list[str],
    states: UserStates,
    channels: dict[str, list[Channel]],
    there: set[str],
) -> dict[str, Any]:
    own = [channel for name in names for channel in channels.get(name, ())]
    state = states.get(extension.name).over(extension)
    return {
        "extension": extension.name,
        "title": extension.title,
        "devices": [{"name": name, "registered": name in there} for name in names],
        "state": _state(own, any(name in there for name in names)),
        "dnd": state.dnd,
        "forward_always": state.forward_always,
        "forward_busy": state.forward_busy,
        "forward_no_answer": state.forward_no_answer,
    }


def _state(channels: list[Channel], registered: bool) -> str:
    """As a lamp shows it: unavailable, idle, ringing, in-use, on-hold."""
    up = [channel for channel in channels if channel.answered]
    if not channels:
        return "idle" if registered else "unavailable"
    if not up:
        return "ringing"
    return "on-hold" if all(channel.held for channel in up) else "in-use"
