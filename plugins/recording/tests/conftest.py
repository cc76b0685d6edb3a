"""A spool, a store, a database, and sound: a tone of its own on each side."""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jackfield.config.kinds import SiteObject
from jackfield.config.site import Site
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.testing import PostgresServer, postgres_server
from jackfield_recording.plugin import RecordingPlugin
from jackfield_recording.settings import RecordingSettings

RATE = 8000


class Queue(SiteObject):
    """Stands for the kind of the plugin `acd`, which this plugin does not know."""

    record: bool = False


class FakeCall:
    """The verbs of `Call` that recording uses; notes them in order."""

    def __init__(self, call_id: str = "1763763600.7") -> None:
        self.id = call_id
        self.site = Site({"queue": [Queue(name="sales", record=True), Queue(name="quiet")]})
        self.data: dict[str, str] = {}
        self.resumes = 0
        self.recording_wanted = False
        self.done: list[tuple[str, str]] = []

    def set_data(self, key: str, value: str) -> None:
        self.data[key] = value

    def flush(self) -> None:
        self.done.append(("flush", self.data["recording"].partition(":")[0]))

    def record_mix(self, path: str) -> None:
        self.done.append(("record", path))

    def stop_mix(self) -> None:
        self.done.append(("stop", ""))


class FakeJobs:
    def __init__(self) -> None:
        self.submitted: list[tuple[str, dict[str, Any]]] = []

    def submit(self, name: str, payload: dict[str, Any]) -> None:
        self.submitted.append((name, dict(payload)))


class FakeAlarms:
    def __init__(self) -> None:
        self.up: dict[str, str] = {}

    def raise_(self, key: str, text: str, **more: Any) -> None:
        self.up[key] = text

    def clear(self, key: str, text: str = "") -> None:
        self.up.pop(key, None)


class FakeEvents:
    def __init__(self) -> None:
        self.subscribers: list[Callable[[dict[str, Any]], None]] = []

    def subscribe(self, topic: str, function: Callable[[dict[str, Any]], None]) -> None:
        assert topic == "call"
        self.subscribers.append(function)

    def publish(self, **fields: Any) -> None:
        for function in self.subscribers:
            function(fields)


@pytest.fixture
def settings(tmp_path: Path) -> RecordingSettings:
    (tmp_path / "spool").mkdir()
    return RecordingSettings(spool_dir=tmp_path / "spool", store_dir=tmp_path / "store")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database, of both kinds in turn."""
    url = (
        f"sqlite:///{tmp_path}/either.db" if request.param == "sqlite" else request.getfixturevalue("postgres").fresh()
    )
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jackfield.db"


@pytest.fixture
def database(database_url: str) -> Database:
    database = Database(database_url)
    migrate(database, [CORE, RecordingPlugin().jackfield_models()])
    return database


@pytest.fixture
def core(database: Database, settings: RecordingSettings) -> Any:
    return SimpleNamespace(
        storage=database, jobs=FakeJobs(), events=FakeEvents(), settings=lambda name: settings,
        alarms=FakeAlarms(), timers=SimpleNamespace(after=lambda seconds, function: None),
    )  # fmt: skip


@pytest.fixture
def new_call() -> Callable[..., FakeCall]:
    return FakeCall


def tone(hertz: float, seconds: float) -> list[int]:
    return [round(9000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(int(RATE * seconds))]


def strength(samples: Any, hertz: float) -> float:
    """How much of a tone is in a sound: its amplitude, by correlation."""
    angle = 2 * math.pi * hertz / RATE
    sine = sum(v * math.sin(angle * i) for i, v in enumerate(samples))
    cosine = sum(v * math.cos(angle * i) for i, v in enumerate(samples))
    return 2 * math.hypot(sine, cosine) / len(samples)


@pytest.fixture
def stereo() -> Callable[[float], bytes]:
    """Raw sound as Asterisk writes it: 400 Hz from the caller (left), 1000 Hz to the caller (right)."""

    def make(seconds: float) -> bytes:
        pairs = zip(tone(400, seconds), tone(1000, seconds), strict=True)
        return array.array("h", [v for pair in pairs for v in pair]).tobytes()

    return make


@pytest.fixture
def measure() -> Callable[[Any, float], float]:
    return strength
