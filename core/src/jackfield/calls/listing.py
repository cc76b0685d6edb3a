"""Calls in progress, as `jackfield calls` shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jackfield.privacy.mask import is_private, mask_number

if TYPE_CHECKING:
    from jackfield.calls.board import Board
    from jackfield.calls.live import Live
    from jackfield.calls.registry import Registry


def describe(board: Board, registry: Registry) -> list[dict[str, Any]]:
    """One row a call; of a call through a middle number, the caller's is hidden."""
    held = {channel.call for channel in registry.channels() if channel.held}
    return [_row(live, live.facts.id in held) for live in board.all()]


def _row(live: Live, held: bool) -> dict[str, Any]:
    call, facts = live.call, live.facts
    at = call.at if call else (live.steps[-1].destination if live.steps else "")
    hidden = is_private([at, *(step.destination for step in live.steps)])
    return {
        "id": facts.id,
        "from": mask_number(facts.caller.number) if hidden else facts.caller.number,
        "name": "" if hidden else facts.caller.name,
        "withheld": facts.caller.withheld,
        "diversion": mask_number(facts.diversion) if hidden else facts.diversion,
        "did": facts.did,
        "trunk": facts.trunk or live.trunk_out or None,
        "extension": facts.extension,
        "at": at,
        "since": facts.started.isoformat(),
        "seconds": round((datetime.now(UTC) - facts.started).total_seconds(), 1),
        "talking": live.answered_at() is not None,
        "held": held,
        "interrupted": live.interrupted,
    }
