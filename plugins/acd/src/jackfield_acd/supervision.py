"""What supervisors and their screens ask of the running engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jackfield_acd.dispatch import Sent
from jackfield_acd.errors import NoSuchAgent, NotLoggedIn, NotTalking
from jackfield_acd.kinds import Agent
from jackfield_acd.model import Activity

if TYPE_CHECKING:
    from jackfield.config.site import Site

    from jackfield_acd.board import Board
    from jackfield_acd.dispatch import Dispatch
    from jackfield_acd.model import Decision
    from jackfield_acd.notices import Notices

Over = Callable[[str, Callable[[str, float], "list[Decision]"]], None]


class Supervision:
    """Methods may be called from any thread; each takes the engine's lock."""

    def __init__(
        self, dispatch: Dispatch, board: Board, site: Callable[[], Site], over: Over, notices: Notices
    ) -> None:
        """`over` lets a contact go by an engine's method, and has its story put on record."""
        self._dispatch, self._board, self.site, self._over, self._notices = dispatch, board, site, over, notices
        self._engine = dispatch.engine
        self.marked: Callable[[str, str], None] = lambda call, agent: None
        """Told of a call that is personal service, and of its agent; under the lock."""

        self.taken_out: Callable[[str, int], None] = lambda call, position: None
        """Told of a contact that has left the line, and from which position; under the lock."""

    # -- to see ----------------------------------------------------------------------------------------------------

    def live(self, queue: str | None, limit: int) -> dict[str, Any]:
        """Queues, agents and contacts as they are now, and the number of the last change that is in it (`board`)."""
        with self._dispatch.lock:
            return self._board.snapshot(queue, limit)

    def notices(self) -> list[dict[str, Any]]:
        """What nears or exceeds a norm now."""
        with self._dispatch.lock:
            return self._notices.active()

    def mark_personal(self, agent: str) -> None:
        """Mark an agent's talk as personal service: no norm holds for it, and it is left out of figures.

        Raises:
            NotTalking: the agent has no talk out of a queue.
        """
        with self._dispatch.lock:
            found = self._engine.agent(agent)
            if found is None or found.contact is None or found.activity is not Activity.TALKING:
                raise NotTalking(f"agent:{agent[:20]} talks with no caller of a queue")
            self._notices.mark_personal(found.contact, agent)
            self.marked(found.contact, agent)

    def agent_row(self, agent: str) -> dict[str, Any]:
        """An agent as the snapshot shows it.

        Raises:
            NoSuchAgent: not on the applied site.
        """
        with self._dispatch.lock:
            return self._board.agent(agent)

    def own_phone(self, agent: str) -> str:
        """The phone that is an agent's own.

        Raises:
            NoSuchAgent: not on the applied site.
            NotLoggedIn: there is none, so it must be said where.
        """
        found = self.site().get("agent", agent, Agent)
        if found is None:
            raise NoSuchAgent(f"there is no agent {agent[:20]!r}; see: jackfield agents")
        if found.extension is None:
            raise NotLoggedIn(f"agent:{agent} has no phone of its own; say at which extension to log in")
        return found.extension

    # -- to decide about those who wait ----------------------------------------------------------------------------

    def reprioritise(self, call: str, priority: int) -> None:
        """Give a caller another priority.

        Raises:
            NotWaiting: there is no such caller in a queue.
        """
        with self._dispatch.lock:
            self._dispatch.act(self._engine.reprioritise(call, priority, self._dispatch.now()))
            contact = self._engine.contact(call)
            if contact is not None:
                self._dispatch.wake(call, contact.place)

    def send(self, call: str, destination: str, outcome: str) -> None:
        """Send a waiting caller on; with '' the call ends.

        Raises:
            NotWaiting: it does not wait (any more).
            UnsafeValue: the destination leads nowhere.
        """
        with self._dispatch.lock:
            caller = self._dispatch.callers.get(call)
            if caller is not None and destination:
                caller.call.transfer(destination)
            position = self._engine.position(call) or 1
            self._over(call, lambda name, now: self._engine.withdraw(name, destination or "the end", now))
            self.taken_out(call, position)
            self._dispatch.wake(call, Sent(destination, outcome))
