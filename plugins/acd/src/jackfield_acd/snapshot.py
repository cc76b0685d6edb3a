"""Queues and agents as plain data, for `jackfield status` and the screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jackfield_acd.model import Activity

if TYPE_CHECKING:
    from jackfield_acd.dispatch import Caller
    from jackfield_acd.model import Agent, Contact
    from jackfield_acd.service import Engine


def snapshot(engine: Engine, callers: Mapping[str, Caller], now: float) -> dict[str, list[Any]]:
    """`{"queues": [{"name": …}], "agents": [{"name": …}]}`; `seconds` are since when, counted back from `now`."""
    return {
        "queues": [
            {
                "name": name,
                "waiting": [
                    _contact(contact, callers, number, now, engine.expected_wait(contact.id))
                    for number, contact in enumerate(engine.waiting(name), 1)
                ],
                "agents": list(engine.rules(name).agents),
            }
            for name in engine.queues()
        ],
        "agents": [_agent(agent, now) for agent in engine.agents()],
    }


def _contact(
    contact: Contact, callers: Mapping[str, Caller], position: int, now: float, expected: float | None
) -> dict[str, Any]:
    caller = callers.get(contact.id)
    return {
        "call": contact.id,
        "caller": caller.call.caller.number if caller is not None else "",
        "seconds": round(now - contact.place.joined, 1),
        "position": position,
        "priority": -contact.place.rank,
        "expected_seconds": None if expected is None else round(expected, 1),
    }


def _agent(agent: Agent, now: float) -> dict[str, Any]:
    return {
        "name": agent.name,
        "state": str(agent.state),
        "reason": agent.pause or "",
        "seconds": round(now - agent.since, 1),
        "phone": agent.phone,
        "phone_busy": agent.phone_busy,
        "reachable": agent.reachable,
        "call": agent.contact,
        "queue": agent.queue if agent.contact is not None or agent.activity is Activity.WRAP_UP else None,
        "unanswered": agent.unanswered,
    }
