"""One AMI client reads a whole stream: `python3 -m bench.ami_client NAME PORT EVENTS`; prints CPU, wall and counts."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bench.child import answer


class Listener:
    """Stands for the daemon behind the registry: counts what it is told."""

    def __init__(self) -> None:
        self.ended = 0

    def channel_dialled(self, channel: object) -> None:
        """A channel is being called."""

    def channel_answered(self, channel: object) -> None:
        """Nothing to do."""

    def channel_ended(self, channel: object) -> None:
        """A channel is gone."""
        self.ended += 1

    def channel_moved(self, channel: object, before: object) -> None:
        """Nothing to do."""

    def channel_held(self, channel: object) -> None:
        """Nothing to do."""

    def channels_merged(self, message: object) -> None:
        """Nothing to do."""

    def phone_changed(self, endpoint: str, busy: bool) -> None:
        """Nothing to do."""

    def phone_reachable(self, endpoint: str, reachable: bool) -> None:
        """Nothing to do."""


def _ours(port: int, handler: Callable[[str, Any], None]) -> None:
    from jackfield.telephony.ami import AmiClient

    client = AmiClient("127.0.0.1", port, "bench", "bench", on_event=handler)
    client.connect()
    for thread in threading.enumerate():
        if thread.name == "ami-read":
            thread.join()


def jackfield(port: int, events: int) -> dict[str, int]:
    """As the daemon does: every event to the registry, which parses those that it needs."""
    from jackfield.calls.registry import Registry

    listener = Listener()
    _ours(port, Registry(listener).event)
    return {"hangups": listener.ended}


def full(port: int, events: int) -> dict[str, int]:
    """Every header of every event parsed into a dict."""
    seen = 0

    def handler(name: str, message: Any) -> None:
        nonlocal seen
        message.headers()
        seen += 1

    _ours(port, handler)
    return {"events": seen}


def panoramisk(port: int, events: int) -> dict[str, int]:
    """Every event to a callback, registered as its documentation shows."""
    from panoramisk import Manager

    logging.disable(logging.CRITICAL)
    seen = 0

    def callback(manager: object, message: object) -> None:
        nonlocal seen
        seen += 1

    async def run() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        manager = Manager(
            loop=loop,
            host="127.0.0.1",
            port=port,
            username="bench",
            secret="bench",
            reconnect_timeout=3600,
            on_disconnect=lambda manager, error: over.set(),
        )
        manager.register_event("*", callback)
        await manager.connect()
        await over.wait()

    asyncio.run(run())
    return {"events": seen}


def pyst2(port: int, events: int) -> dict[str, int]:
    """Every event to a callback."""
    from asterisk.manager import Manager

    seen = 0
    over = threading.Event()

    def callback(event: object, manager: object) -> None:
        nonlocal seen
        seen += 1
        if seen == events:
            over.set()

    manager = Manager()
    manager.register_event("*", callback)
    manager.connect("127.0.0.1", port)
    manager.login("bench", "bench")
    over.wait(300)
    return {"events": seen}


CLIENTS = {
    "jackfield": (("jackfield.telephony.ami", "jackfield.calls.registry"), jackfield),
    "full": (("jackfield.telephony.ami",), full),
    "panoramisk": (("panoramisk",), panoramisk),
    "pyst2": (("asterisk.manager",), pyst2),
}


def main() -> None:
    """Run one client; imports are warm before the clock starts."""
    name, port, events = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    modules, run = CLIENTS[name]
    for module in modules:
        importlib.import_module(module)
    cpu, wall = time.process_time(), time.monotonic()
    counts = run(port, events)
    answer(cpu=time.process_time() - cpu, wall=time.monotonic() - wall, **counts)


main()
