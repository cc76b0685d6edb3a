"""Hands messages to the worker, or sends them itself when the worker's way is what is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from jackfield.alarms.lane import Lane
from jackfield.alarms.notice import Notice
from jackfield.errors import JackfieldError

PAUSES = (10.0, 30.0, 60.0, 300.0, 900.0)
"""Seconds between tries of our own."""
BOUND = 100
log = structlog.get_logger(__name__)


class Delivery:
    """A lane a channel, so that a mail server that hangs does not delay the webhook."""

    def __init__(
        self,
        channels: Sequence[str],
        submit: Callable[[str, dict[str, Any]], None],
        send: Callable[[str, Notice], None],
        worker_runs: Callable[[], bool],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`submit` puts a job on the outbox; `send` sends here and now."""
        self._submit, self._send, self._worker_runs, self._pauses = submit, send, worker_runs, pauses
        self._lanes = {name: Lane(name, BOUND) for name in channels}

    def deliver(self, notice: Notice) -> None:
        """Tell people; never waits."""
        for name, lane in self._lanes.items():
            lane.put(lambda name=name, lane=lane: self._one(name, lane, notice))  # type: ignore[misc]

    def flush(self, seconds: float) -> bool:
        """Wait until everything is handed over."""
        return all(lane.flush(seconds) for lane in self._lanes.values())

    def close(self, seconds: float) -> None:
        """Stop."""
        for lane in self._lanes.values():
            lane.close(seconds)

    def _one(self, channel: str, lane: Lane, notice: Notice) -> None:
        for pause in (*self._pauses, None):
            if self._worker_runs():
                try:
                    self._submit(channel, notice.to_json())
                    return
                except JackfieldError as error:
                    log.warning("alarms.outbox_closed", error=str(error), what="sent from here")
            try:
                self._send(channel, notice)
                return
            except Exception as error:
                log.error("alarms.not_sent", channel=channel, error=str(error), again_in=pause)
            if pause is None or not lane.pause(pause):
                return
