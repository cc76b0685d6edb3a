"""States of Asterisk's own that phones can watch beside their calls: who does not want to be disturbed, slots."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from jackfield.errors import JackfieldError

if TYPE_CHECKING:
    from jackfield.calls.broker import Broker
    from jackfield.features.states import UserState, UserStates

log = structlog.get_logger(__name__)
BUSY, IN_USE, OFF = "BUSY", "INUSE", "INVALID"
"""OFF has no part in a hint that combines it with phones; NOT_INUSE would make a phone that is not there look idle."""


class Lamps:
    """Keeps Asterisk's custom device states as they should be. Writing, in order, is done on a thread of its own."""

    def __init__(self, asterisk: Broker, states: UserStates) -> None:
        """Takes part in every change of `states`."""
        self._asterisk, self._states = asterisk, states
        self._writer = ThreadPoolExecutor(1, "lamps")
        self._slots: set[str] = set()
        states.changed = self._changed

    def _changed(self, extension: str, state: UserState) -> None:
        self._set(f"jf-{extension}", BUSY if state.dnd else OFF)

    def slot(self, slot: str, occupied: bool) -> None:
        """A parking slot was taken or left."""
        (self._slots.add if occupied else self._slots.discard)(slot)
        self._set(f"jf-park-{slot}", IN_USE if occupied else OFF)

    def _set(self, name: str, state: str) -> None:
        self._writer.submit(self._write, name, state)

    def _write(self, name: str, state: str) -> None:
        try:
            self._asterisk.device_state(name, state)
        except JackfieldError as error:
            log.warning("lamps.not_set", name=name, error=str(error))  # `refresh` does it when AMI is back

    def refresh(self) -> None:
        """Put all of them right; Asterisk keeps them over its own restarts, and we may have been away."""
        wanted = {f"jf-{name}": BUSY for name in self._states.undisturbed()}
        wanted |= {f"jf-park-{slot}": IN_USE for slot in self._slots}
        known = self._asterisk.device_states()
        for name in {*wanted, *(n for n in known if n.startswith("jf-"))}:
            if known.get(name, OFF) != wanted.get(name, OFF):
                self._write(name, wanted.get(name, OFF))
