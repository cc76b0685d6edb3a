"""What the console knows of the box: who answers, who we are there, and whether all is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jackfield.control.method import Role

from jackfield_admintui.client import Link, Trouble, Why


@dataclass(frozen=True)
class Station:
    """The state that the top bar shows. `trouble` says why `up` is False."""

    up: bool = False
    trouble: Trouble | None = None
    title: str = ""
    asterisk: bool = False
    asterisk_version: str = ""
    alarms: int = 0
    user: str = ""
    role: Role | None = None
    server: str = ""
    methods: frozenset[str] = field(default_factory=frozenset)
    """What we may call."""
    screens: tuple[Mapping[str, Any], ...] = ()
    """What plugins declare."""


async def find_out(link: Link, before: Station) -> Station:
    """The state now; what was known of a daemon that does not answer is kept."""
    try:
        who = await link.ask("version")
        methods = frozenset(method["name"] for method in await link.ask("describe"))
        screens = tuple(await link.ask("plugins.screens")) if "plugins.screens" in methods else ()
        known = replace(
            before,
            user=str(who["user"]),
            role=Role(who["role"]) if who["role"] else None,
            server=str(who["server"]),
            methods=methods,
            screens=screens,
        )
        return await look(link, known)
    except Trouble as trouble:
        return replace(before, up=trouble.why is not Why.AWAY, trouble=trouble)


async def look(link: Link, before: Station) -> Station:
    """The part of the state that events change."""
    try:
        status = await link.ask("status")
    except Trouble as trouble:
        return replace(before, up=trouble.why is not Why.AWAY, trouble=trouble)
    asterisk = status["asterisk"]
    return replace(
        before,
        up=True,
        trouble=None,
        title=str(status.get("title", "")),
        asterisk=bool(asterisk["connected"]),
        asterisk_version=str(asterisk.get("version") or ""),
        alarms=int(status["alarms"]),
    )
