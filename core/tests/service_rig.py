"""A daemon's call service over scripted AGI peers, with a plugin that misbehaves in every way."""

from __future__ import annotations

import socket
import sys
import threading
import time
from datetime import UTC, datetime

from jackfield.calls.registry import Registry
from jackfield.calls.service import CallService
from jackfield.config.objects.inbound import Did
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.features.desk import Desk
from jackfield.features.parking import ParkingLot
from jackfield.features.states import UserState
from jackfield.plugins import PluginHost, Status
from jackfield.routing.destinations import DestinationKind, End, Goto, Result
from jackfield.services import EventBus
from jackfield.settings import Settings
from jackfield.telephony.server import AgiServer
from peers import AgiPeer


class Sounds:
    def file(self, name: str, language: str) -> str | None:
        return f"/sounds/{language}/jf/{name}"

    def parts(self, name: str, language: str) -> list[str] | None:
        return None


class Writer:
    def __init__(self) -> None:
        self.started, self.ended, self.steps = [], [], []

    def call_started(self, call) -> None:
        self.started.append(call)

    def call_ended(self, call) -> None:
        self.ended.append(call)

    def step(self, step) -> None:
        self.steps.append(step)

    def leg(self, leg) -> None:
        pass

    def find_call(self, identity: str) -> None:
        """Nothing is on record."""


class States:
    """What users have set, without a database."""

    def __init__(self) -> None:
        self.of = {}

    def get(self, extension: str) -> UserState:
        return self.of.get(extension, UserState())


class Plugin:
    """A plugin whose handlers misbehave in every way."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.seen = []

    def good(self, call, name):
        call.answer()
        call.checkpoint(level=2)
        call.play("welcome")
        return Goto("test:end", "1")

    def end(self, call, name):
        return End(Result.COMPLETED, outcome="done")

    def raises(self, call, name):
        raise RuntimeError("a bug")

    def exits(self, call, name):
        sys.exit(3)

    def nonsense(self, call, name):
        return "queue:sales"

    def loops(self, call, name):
        return Goto("test:loops")

    def waits(self, call, name):
        self.seen.append((call.memo, call.resumed))
        call.checkpoint(place=7)
        call.wait(None)
        return End()

    def hangs(self, call, name):
        self.release.wait(10)
        return End()

    def kind(self) -> DestinationKind:
        return DestinationKind("test", "Test", lambda call, name: getattr(self, name)(call, name), None, person=True)


class Daemon:
    def __init__(
        self, plugin: Plugin, fallback: str = "prompt:sorry", max_calls: int = 50, trunk_calls: int = 0
    ) -> None:
        self.host = PluginHost(Settings())
        status = Status("test", declared={"jackfield_destinations": [plugin.kind()]}, instance=plugin)
        self.host.put(status)
        self.writer = Writer()
        registry = Registry()
        self.calls = CallService(self.host, self.writer, EventBus(), registry, "token", lambda: datetime.now(UTC))
        self.calls.endings.patience = 0.05  # there is no Asterisk that would tell of a channel's end
        self.host.on_left = self.calls.stalls.plugin_left
        registry.listener, registry.known = self.calls.legs, True
        self.calls.desk = Desk(States(), self.calls, None, ParkingLot(lambda slot, occupied: None))
        numbers = ("good", "raises", "exits", "nonsense", "loops", "waits", "hangs")
        dids = [
            Did(name=n, number=f"555010{i}", destination=f"test:{n}", fallback=fallback) for i, n in enumerate(numbers)
        ]
        dids.append(Did(name="gone", number="5550109", destination="nobody:x", fallback=fallback))
        self.numbers = {d.name: d.number for d in dids}
        self.calls.serve_site(
            Site({"trunk": [Trunk(name="carrier", host="192.0.2.1", max_calls=trunk_calls)], "did": dids}), Sounds()
        )
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.agi = AgiServer(listener, self.calls.serve, self.calls.refused, max_calls)
        self.agi.start()

    def call(self, to: str, **more) -> AgiPeer:
        return AgiPeer(self.port, extension=self.numbers.get(to, to), **more)

    def ended(self, count: int = 1):
        deadline = time.monotonic() + 5
        while len(self.writer.ended) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.writer.ended[count - 1]
