"""A contact's story in words: for each decision the candidates, who was left out, and for which reason. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jackfield_acd.lines import Face
from jackfield_acd.model import Contact, Standing
from jackfield_acd.story import Event, Note

NAMED_AT_MOST = 100
"""Agents named in one decision; of more, only how many there were."""
REASONS = {
    Standing.FREE: "free",
    Standing.LOGGED_OUT: "not logged in",
    Standing.OFFERED: "being rung for another caller",
    Standing.TALKING: "talking",
    Standing.PAUSED: "paused",
    Standing.WRAP_UP: "in wrap-up",
    Standing.PHONE_BUSY: "phone in use",
    Standing.UNREACHABLE: "phone not reachable",
    Standing.RESTING: "phone refused or was not there a moment ago",
}


def tell(contact: Contact, utc: Callable[[float], datetime]) -> list[dict[str, Any]]:
    """The decisions about a contact, oldest first; plain values, with times in UTC."""
    story = contact.story
    if story is None:
        return []
    told = [_tell(note, contact.queue, utc) for note in story.notes]
    if story.left_out:
        told.insert(0, {"at": told[0]["at"], "queue": contact.queue, "what": "more", "text": _more(story.left_out)})
    return told


def _more(count: int) -> str:
    return f"{count} decisions between the first and the last ones were not kept"


def _tell(note: Note, queue: str, utc: Callable[[float], datetime]) -> dict[str, Any]:
    at, event, face, standings, detail = note
    told: dict[str, Any] = {"at": utc(at).isoformat(timespec="milliseconds"), "queue": queue, "what": str(event)}
    if face is None:
        return told | {"text": _text(event, detail)}
    reasons = {name: Standing(code) for name, code in zip(face.members, standings, strict=True)}
    free = [name for name, standing in reasons.items() if standing is Standing.FREE]
    left_out = {name: REASONS[s] for name, s in reasons.items() if s is not Standing.FREE}
    left_out |= {name: f"lacks {lack}" for name, lack in face.left_out}
    if event is Event.OFFERED:
        rung = [str(name) for name in detail]
        told |= {"rung": rung, "strategy": face.strategy, "candidates": free[:NAMED_AT_MOST]}
        told["text"] = _offered(rung, free, face)
    else:
        told["text"] = f"waits for {_wanted(face)}"
    told["left_out"] = dict(list(left_out.items())[:NAMED_AT_MOST])
    if max(len(free), len(left_out)) > NAMED_AT_MOST:
        told["text"] += f" ({len(free)} free, {len(left_out)} left out, of whom {NAMED_AT_MOST} each are named)"
    return told


def _offered(rung: list[str], free: list[str], face: Face) -> str:
    who = f"agent {rung[0]} was" if len(rung) == 1 else f"agents {', '.join(rung)} were"
    if face.wish:
        return f"{who} rung, being the {face.wish}"
    if len(free) > 1 and len(rung) == 1:
        return f"{who} rung, by {face.strategy} of {len(free)} who were free"
    return f"{who} rung, being all who were free for it" if len(rung) > 1 else f"{who} rung, the only one free for it"


def _wanted(face: Face) -> str:
    if face.wish:
        return f"agent {face.members[0]}, the {face.wish}"
    skills = " and ".join(f"{skill} {level}" for skill, level in face.demand.skills)
    helped = f", or one of {', '.join(face.demand.queues)}" if face.demand.queues else ""
    return f"an agent of {face.queue}{helped}" + (f" with {skills}" if skills else "")


def _text(event: Event, detail: tuple[Any, ...]) -> str:
    if event is Event.JOINED:
        priority, ahead = detail
        return f"came into the queue with priority {priority}; {ahead} were waiting"
    if event is Event.BACK:
        return "came back after a restart of the daemon, to the old place"
    if event is Event.FAILED:
        failure, *agents = detail
        return f"agent {', '.join(agents)}: {failure}; back to the old place"
    if event is Event.ANSWERED:
        return f"agent {detail[0]} answered"
    if event is Event.MOVED:
        return f"priority {detail[0]}, as a supervisor wished" if isinstance(detail[0], int) else f"sent to {detail[0]}"
    return "the talk is over" if event is Event.ENDED else "left the queue"
