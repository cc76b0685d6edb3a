"""The console's side of the control API: requests in threads, and one connection for what happens."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from jackfield import i18n
from jackfield.control.client import Denied, Subscription, request, socket_path
from jackfield.errors import JackfieldError, NotConnected, SiteError

PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds between tries to reach a daemon that is away; the last is repeated."""
Event = dict[str, Any]


class Why(Enum):
    """What kind of trouble it is."""

    AWAY = "away"
    DENIED = "denied"
    REFUSED = "refused"
    BROKEN = "broken"


@dataclass
class Trouble(Exception):
    """A request that has no answer. `problems` are single mistakes, when the daemon listed some."""

    why: Why
    text: str
    method: str = ""
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.text


class Link:
    """One daemon. `ask` is for any task; `follow` reports what happens until `close`."""

    def __init__(self, path: Path | None = None, by: str | None = None) -> None:
        """`by` is the person for whom it asks, where the process is another user's (root becomes `jackfield`)."""
        self.path, self._by = path or socket_path(), by
        self._closed = threading.Event()
        self._subscription: Subscription | None = None

    async def ask(self, method: str, *, seconds: float = 30.0, **params: Any) -> Any:
        """The answer of a method.

        Raises:
            Trouble: there is none; says why.
        """
        try:
            return await asyncio.to_thread(
                request, method, seconds=seconds, path=self.path, by=self._by, tongue=i18n.current(), **params
            )
        except JackfieldError as error:
            raise trouble(error, method) from error
        except ValueError as error:  # an answer that is no JSON
            raise Trouble(Why.BROKEN, f"{method}: {error}", method) from error

    def follow(self, heard: Callable[[Event], None], state: Callable[[Trouble | None], None]) -> None:
        """Tell `heard` each event, on a thread of its own; `state` is told None when connected, else why not."""
        threading.Thread(target=self._follow, args=(heard, state), name="console-events", daemon=True).start()

    def close(self) -> None:
        """No more events."""
        self._closed.set()
        if self._subscription is not None:
            self._subscription.close()

    def _follow(self, heard: Callable[[Event], None], state: Callable[[Trouble | None], None]) -> None:
        tries = 0
        while not self._closed.is_set():
            try:
                with Subscription([], path=self.path) as subscription:
                    self._subscription = subscription
                    tries = 0
                    state(None)
                    for event in subscription:
                        heard(event)
                reason = Trouble(Why.AWAY, f"jackfieldd closed {self.path}; it stops or starts anew")
            except JackfieldError as error:
                reason = trouble(error, "events.subscribe")
            if self._closed.is_set():
                return
            state(reason)
            self._closed.wait(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1


def trouble(error: JackfieldError, method: str) -> Trouble:
    """What an error of the client means here."""
    if isinstance(error, NotConnected):
        return Trouble(Why.AWAY, str(error), method)
    if isinstance(error, Denied):
        return Trouble(Why.DENIED, str(error), method)
    problems = error.problems if isinstance(error, SiteError) else []
    return Trouble(Why.REFUSED, str(error), method, problems)


class Gatherer:
    """Hands events from the link's thread to the loop in batches, so that a burst costs one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[list[Event]], None], seconds: float) -> None:
        """`deliver` is called on the loop, at most every `seconds`."""
        self._loop, self._deliver, self._seconds = loop, deliver, seconds
        self._context = contextvars.copy_context()
        self._lock, self._waiting = threading.Lock(), list[Event]()

    def put(self, event: Event) -> None:
        """From the link's thread."""
        with self._lock:
            self._waiting.append(event)
            first = len(self._waiting) == 1
        if first:
            with suppress(RuntimeError):  # the loop is closed: the application has ended
                # In the application's context, which knows the application and the language; a thread's does not.
                self._loop.call_soon_threadsafe(self._later, context=self._context)

    def _later(self) -> None:
        self._loop.call_later(self._seconds, self._flush)

    def _flush(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        if batch:
            self._deliver(batch)
