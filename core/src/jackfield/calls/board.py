"""The calls that are live."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jackfield.calls.channels import Channel
    from jackfield.calls.live import Live


class Board:
    """All live calls by their ids. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[str, Live] = {}

    def find(self, identity: str) -> Live | None:
        """A live call, or None."""
        return self._live.get(identity)

    def count(self) -> int:
        """How many calls are live."""
        return len(self._live)

    def all(self) -> list[Live]:
        """The live calls, oldest first."""
        with self._lock:
            return list(self._live.values())

    def put(self, live: Live) -> None:
        """A call is live from now on."""
        with self._lock:
            self._live[live.facts.id] = live

    def put_new(self, live: Live) -> Live | None:
        """A call is live from now on, unless it was already: then that one."""
        with self._lock:
            known = self._live.get(live.facts.id)
            if known is None:
                self._live[live.facts.id] = live
            return known

    def take_off(self, live: Live) -> None:
        """A call is over. Another one of the same id, which has come since, stays."""
        with self._lock:
            if self._live.get(live.facts.id) is live:
                del self._live[live.facts.id]

    # -- what others ask about a call ------------------------------------------------------------------------------

    def at(self, identity: str) -> str:
        """The destination where a call is, or ''."""
        live = self._live.get(identity)
        return live.steps[-1].destination if live is not None and live.steps else ""

    def is_agent(self, channel: Channel) -> bool:
        """Whether a phone rings or talks for its agent."""
        live = self._live.get(channel.call)
        return bool(live is not None and live.agents.get(channel.endpoint))

    def answered_at(self, identity: str) -> datetime | None:
        """When somebody whom the call dialled last answered; None when nobody has."""
        live = self._live.get(identity)
        return live.answered_at() if live is not None else None
