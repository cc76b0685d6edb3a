"""Calls that are taken away from their handlers: those that stall, and those whose plugin leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from jackfield.calls.board import Board
    from jackfield.calls.call import Call
    from jackfield.calls.registry import Registry
    from jackfield.plugins import PluginHost
    from jackfield.telephony.agi import AgiSession

log = structlog.get_logger(__name__)


class Stalls:
    """Takes calls away; each comes back by the dialplan's rescue, and then goes to its fallback."""

    def __init__(self, board: Board, registry: Registry, host: PluginHost) -> None:
        self._board, self._registry, self._host = board, registry, host
        self._taken: set[str] = set()

    def cut(self, sessions: list[AgiSession], now: float, limit: float) -> None:
        """Take calls away from handlers that have said nothing to Asterisk for `limit` seconds."""
        for session in sessions:
            if session.busy_since is None and now - session.idle_since > limit:
                channel = session.env.get("agi_uniqueid", "")
                identity = self._registry.call_of(channel) or channel
                live = self._board.find(identity)
                call = live.call if live is not None and not live.closed else None
                if live is None or call is None or call.taken or not call.runs_on(session):
                    continue
                plugin, thread = live.plugin, live.thread  # once taken away it is back at once, in other hands
                self._take_away(identity, call)
                plugin = self._host.stalled(plugin, thread, f"a handler said nothing for {limit:g} s")
                log.error("call.stalled", call=identity, seconds=limit, plugin=plugin)

    def plugin_left(self, plugin: str) -> dict[str, int]:
        """A plugin is at work no more: who waits in it goes to the fallback; talks and what is being said finish."""
        inside = [(live, live.call) for live in self._board.all() if live.plugin == plugin and not live.closed]
        waiting = [(live, call) for live, call in inside if call is not None and call.waiting and not call.taken]
        for live, call in waiting:
            log.info("call.let_go", call=live.facts.id, plugin=plugin)
            self._take_away(live.facts.id, call)
        return {"fallback": len(waiting), "finish": len(inside) - len(waiting)}

    def _take_away(self, identity: str, call: Call) -> None:
        call.taken = True
        self.note(identity)
        call.cut()

    def note(self, identity: str) -> None:
        """A call was taken away: it is to go to its fallback."""
        self._taken.add(identity)

    def noted(self, identity: str) -> bool:
        """Whether a call was taken away and is not back yet."""
        return identity in self._taken

    def settle(self, identity: str) -> bool:
        """Whether a call that is back was taken away; that is done with then."""
        if identity not in self._taken:
            return False
        self._taken.discard(identity)
        return True
