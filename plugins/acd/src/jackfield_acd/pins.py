"""PINs of agents: after so many wrong ones, none is taken for a while. Pure: the time is an argument."""

from __future__ import annotations

import hmac

TRIES = 3
LOCKED_SECONDS = 60.0


class Pins:
    """Counts wrong PINs an agent, over all calls, so that hanging up and dialling again gives no more tries."""

    def __init__(self) -> None:
        self._wrong: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def locked(self, agent: str, now: float) -> bool:
        """Whether no PIN is taken for this agent now."""
        return self._until.get(agent, now) > now

    def check(self, agent: str, pin: str, typed: str, now: float) -> bool:
        """Whether `typed` is right. The third wrong one in a row locks the agent for `LOCKED_SECONDS`."""
        if self.locked(agent, now):
            return False
        if hmac.compare_digest(pin.encode(), typed.encode()):
            self._wrong.pop(agent, None)
            return True
        wrong = self._wrong.get(agent, 0) + 1
        if wrong >= TRIES:
            wrong, self._until[agent] = 0, now + LOCKED_SECONDS
        self._wrong[agent] = wrong
        return False
