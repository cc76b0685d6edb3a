"""Live events for clients of the control socket: a queue each, so that a slow reader only hurts itself."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from jackfield.control import protocol
from jackfield.services import EventBus

BOUND = 2000
"""Events that wait for one reader; one more, and it is dropped."""
HEARTBEAT_SECONDS = 20.0
"""After so much silence a line without an event is sent: the only way to see that a reader is gone."""


class Stream:
    """One subscriber's events. Given by a method instead of a result, it takes over the connection."""

    def __init__(self, hub: EventHub, topics: Collection[str]) -> None:
        self._hub = hub
        self.topics = frozenset(topics)
        self.opening = b""
        """The answer to the subscription, sent before the first event."""
        self._waiting: deque[tuple[str, str, dict[str, Any]]] = deque()
        self._changed = threading.Condition()
        self._dropped = self._closed = False

    def put(self, topic: str, at: str, fields: dict[str, Any]) -> None:
        """An event, from any thread; never waits."""
        with self._changed:
            if self._dropped or self._closed:
                return
            if len(self._waiting) >= BOUND:
                self._dropped = True
                self._waiting.clear()
            else:
                self._waiting.append((topic, at, fields))
            self._changed.notify()

    def lines(self) -> Iterator[bytes]:
        """The lines to send; waits for events. Ends when the reader was too slow, with a notice of it."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._dropped or self._closed, HEARTBEAT_SECONDS)
                events = list(self._waiting)
                self._waiting.clear()
                over = self._dropped or self._closed
            if self._dropped:
                text = f"more than {BOUND} events waited for this reader; subscribe again and ask for the present state"
                yield protocol.line({"v": protocol.VERSION, "event": "dropped", "text": text})
            if over:
                return
            for topic, at, fields in events:
                yield protocol.line({"v": protocol.VERSION, "event": topic, "at": at, "data": fields})
            if not events:
                yield protocol.line({"v": protocol.VERSION, "event": "alive", "at": _now()})

    def close(self) -> None:
        """No more events: the reader is gone, or the daemon stops."""
        self._hub.forget(self)
        with self._changed:
            self._closed = True
            self._changed.notify()


class EventHub:
    """Hands the daemon's events to those who subscribed."""

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._streams: tuple[Stream, ...] = ()
        self._lock = threading.Lock()

    def subscribe(self, topics: Collection[str]) -> Stream:
        """A stream of these topics; of all when there are none."""
        stream = Stream(self, topics)
        with self._lock:
            self._streams = (*self._streams, stream)
            if len(self._streams) == 1:
                self._events.watch(self.publish)
        return stream

    def forget(self, stream: Stream) -> None:
        """The stream gets nothing more."""
        with self._lock:
            before, self._streams = self._streams, tuple(s for s in self._streams if s is not stream)
            if before and not self._streams:
                self._events.unwatch(self.publish)

    def publish(self, topic: str, fields: Mapping[str, Any]) -> None:
        """An event of the daemon; on the publisher's thread, so it must be quick."""
        at, copy = _now(), dict(fields)
        for stream in self._streams:
            if not stream.topics or topic in stream.topics:
                stream.put(topic, at, copy)

    def close(self) -> None:
        """End all streams."""
        for stream in self._streams:
            stream.close()


def _now() -> str:
    return datetime.now(UTC).isoformat()
