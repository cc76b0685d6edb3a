"""Agents at a number outside. Pure.

Where such an agent is logged in is written `EXTENSION*NUMBER`: the extension is the agent's own, and the calls go out
on its account, by its permissions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jackfield.errors import UnsafeValue

from jackfield_acd.errors import NoSuchAgent, NotLoggedIn
from jackfield_acd.kinds import Agent

if TYPE_CHECKING:
    from jackfield.config.site import Site

MARK = "*"
CONFIRM_SECONDS = 20
"""How much longer it rings there: whoever answers is told what it is, and presses a key."""
_NUMBER = re.compile(r"\+?[0-9]{3,20}")


def is_outside(phone: str) -> bool:
    """Whether somebody is logged in at a number outside."""
    return MARK in phone


def extension_of(phone: str) -> str:
    """The extension on whose account an agent is called; the phone itself of one who is not outside."""
    return phone.partition(MARK)[0]


def at(site: Site, agent: str, number: str) -> str:
    """Where an agent is who logs in at a number.

    Raises:
        NoSuchAgent: the site has no such agent.
        NotLoggedIn: the agent has no extension, so nobody says whom they may call.
        UnsafeValue: it is not a number.
    """
    found = site.get("agent", agent, Agent)
    if found is None:
        raise NoSuchAgent(f"there is no agent {agent[:20]!r}; see: jackfield agents")
    if found.extension is None:
        raise NotLoggedIn(f"agent:{agent} has no extension, on whose account a number outside is called; give it one")
    if not _NUMBER.fullmatch(number):
        raise UnsafeValue(f"{number[:40]!r} is not a number outside; write digits, as dialled at {found.extension}")
    return f"{found.extension}{MARK}{number}"
