"""Queues and agents as plain data, for `jackfield status` and the screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jackfield_acd.model import Activity

if TYPE_CHECKING:
    from jackfield_acd.callback_store import Callback
    from jackfield_acd.dispatch import Caller
    from jackfield_acd.model import Agent, Contact
    from jackfield_acd.service import Engine


def snapshot(
    engine: Engine, callers: Mapping[str, Caller], callback: Callable[[str], Callback | None], now: float
) -> dict[str, list[Any]]:
    """`{"queues": [{"name": …}], "agents": [{"name": …}]}`; `seconds` are since when, counted back from `now`."""
    return {
        "queues": [
            {
                "name": name,
                "waiting": [
                    _contact(contact, callers.get(contact.id), callback(contact.id), number, now)
                    | {"expected_seconds": _rounded(engine.expected_wait(contact.id))}
                    for number, contact in enumerate(engine.waiting(name), 1)
                ],
                "agents": list(engine.rules(name).agents),
            }
            for name in engine.queues()
        ],
        "agents": [_agent(agent, now) for agent in engine.agents()],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _contact(
    contact: Contact, caller: Caller | None, callback: Callback | None, position: int, now: float
) -> dict[str, Any]:
    number = callback.caller or callback.number if callback is not None else ""
    return {
        "call": contact.id,
        "caller": caller.call.caller.number if caller is not None else number,
        "callback": callback.id if callback is not None else None,
        "seconds": round(now - contact.place.joined, 1),
        "position": position,
        "priority": -contact.place.rank,
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
