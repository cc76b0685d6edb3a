"""Agents on the lamps of phones (BLF): a custom device state an agent, and the hints by which phones watch it.

A key that watches `*111001` shows agent 1001, and logs that agent in when pressed; one that watches `*151001` shows the
same, and listens (`monitoring`). Asterisk keeps custom states over its own restarts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import structlog
from jackfield.config.fragments import Fragment
from jackfield.errors import JackfieldError

from jackfield_acd.model import AgentState

if TYPE_CHECKING:
    from jackfield.config.site import Site
    from jackfield.core import Asterisk, Timers

    from jackfield_acd.background import Worker

log = structlog.get_logger(__name__)
RETRY_SECONDS = 5.0
CONTEXT = "jf-agent-hints"
"""Core's `jf-hints` includes it."""
WATCHED = ("*11", "*15")
"""Codes before an agent's number that phones may watch."""
SHOWN = {
    AgentState.LOGGED_OUT: "INVALID",
    AgentState.READY: "NOT_INUSE",
    AgentState.OFFERED: "RINGING",
    AgentState.TALKING: "INUSE",
    AgentState.WRAP_UP: "BUSY",
    AgentState.PAUSED: "ONHOLD",
}
"""Dark; dark; flashes quickly; lit; lit; flashes slowly, where a phone tells a held call from another."""


def fragment(site: Site) -> Fragment | None:
    """The hints, if the site has agents with a number."""
    names = [name for name in site.names("agent") if name.isalnum() and name.isascii()]
    lines = [f"exten => {code}{name},hint,Custom:{_device(name)}" for name in names for code in WATCHED]
    return Fragment("extensions.conf", "\n".join([f"[{CONTEXT}]", *lines])) if lines else None


def _device(agent: str) -> str:
    return f"acd-{agent}"


class Lamps:
    """Writes states to Asterisk on the worker's thread: only the newest of an agent, and again when it fails."""

    def __init__(self, asterisk: Asterisk, timers: Timers, worker: Worker) -> None:
        self._asterisk, self._timers, self._worker = asterisk, timers, worker
        self._lock = threading.Lock()
        self._newest: dict[str, AgentState] = {}
        self._changed: set[str] = set()
        self._shown: dict[str, str] = {}

    def show(self, states: Mapping[str, AgentState]) -> None:
        """Have these agents' lamps show these states, soon."""
        with self._lock:
            self._newest.update(states)
            due = bool(self._changed)
            self._changed.update(states)
        if states and not due:
            self._worker.submit(self._write)

    def afresh(self, states: Mapping[str, AgentState]) -> None:
        """After a start: whatever the lamps show, have them show this."""
        self._worker.submit(self._shown.clear)
        self.show(states)

    def _write(self) -> None:
        with self._lock:
            changed, self._changed = sorted(self._changed), set()
            wanted = {agent: SHOWN[self._newest[agent]] for agent in changed}
        for agent, state in wanted.items():
            if self._shown.get(agent) == state:
                continue
            try:
                self._asterisk.device_state(_device(agent), state)
                self._shown[agent] = state
            except JackfieldError as error:
                log.warning("acd.lamp_not_set", agent=agent, retry_seconds=RETRY_SECONDS, error=str(error))
                self._timers.after(RETRY_SECONDS, lambda: self._again(changed))
                return

    def _again(self, agents: Iterable[str]) -> None:
        with self._lock:
            states = {agent: self._newest[agent] for agent in agents}
        self.show(states)
