"""A site's parts for tests: kinds, a plugin host without entry points, tools that speak no word."""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jackfield.config.kinds import Kind
from jackfield.config.objects import core_kinds
from jackfield.config.paths import Paths
from jackfield.config.workspace import Workspace
from jackfield.errors import CommandFailed, NotConnected
from jackfield.plugins import PluginHost
from jackfield.prompts.library import Library
from jackfield.prompts.tools import SoundError, Tools
from jackfield.settings import PathSettings, Settings
from jackfield.storage import migrate
from jackfield.storage.engine import Database


@dataclass(frozen=True, slots=True)
class SilentTools(Tools):
    """Instead of espeak-ng and sox: a tone whose pitch follows from the text."""

    def speak(self, text: str, language: str) -> bytes:
        pitch = 200 + hashlib.sha256(f"{language}{text}".encode()).digest()[0] * 4
        return array("h", [int(8000 * math.sin(i * pitch / 1273)) for i in range(400)]).tobytes()

    def upload(self, data: bytes) -> bytes:
        if data[:4] != b"RIFF":
            raise SoundError("is neither a wav nor a flac file; convert it to one")
        return b"\x01\x02" * 400

    def music(self, data: bytes) -> bytes:
        return b"\x03\x04" * 400

    def encode(self, sound: bytes, form: str) -> bytes:
        return sound[::2]


@dataclass
class FakeAsterisk:
    """An Asterisk that does as it is told, from the files in force; tests make it refuse."""

    base: Path
    log: list[str] = field(default_factory=list)
    running: bool = True
    refuse: Callable[[str], bool] = lambda _: False
    hidden: set[str] = field(default_factory=set)

    def connect(self) -> FakeAsterisk:
        if not self.running:
            raise NotConnected("nobody there")
        return self

    def _do(self, what: str) -> None:
        self.log.append(what)
        if self.refuse(what):
            raise CommandFailed(f"Asterisk refused {what}")

    def load(self, module: str) -> None:
        self._do(f"load {module}")

    def reload(self, module: str) -> None:
        self._do(f"reload {module}")

    def _sections(self, file: str) -> set[str]:
        lines = (self.base / "current" / file).read_text().splitlines()
        return {line[1 : line.index("]")] for line in lines if line.startswith("[")}

    def endpoints(self) -> set[str]:
        return self._sections("pjsip.conf") - self.hidden

    def registrations(self) -> set[str]:
        return self._sections("pjsip.conf") - self.hidden

    def dialplan(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for line in (self.base / "current" / "extensions.conf").read_text().splitlines():
            if line.startswith("["):
                context = line[1 : line.index("]")]
                found[context] = set()
            elif line.startswith("exten => "):
                found[context].add(line.removeprefix("exten => ").partition(",")[0])
        return {name: extensions - self.hidden for name, extensions in found.items() if name not in self.hidden}

    def queues(self) -> set[str]:
        return self._sections("queues.conf") - self.hidden

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture
def kinds() -> dict[str, Kind]:
    return {kind.kind: kind for kind in core_kinds()}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    data = tmp_path / "asterisk-data"
    (data / "moh").mkdir(parents=True)
    (data / "moh" / "piece.wav").write_bytes(b"RIFF....WAVE")
    return Paths(
        tmp_path / "asterisk", tmp_path / "sounds", tmp_path / "sources", tmp_path / "no-modules", asterisk_data=data
    )


@pytest.fixture
def library(paths: Paths) -> Library:
    return Library(paths, SilentTools())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=f"sqlite:///{tmp_path}/test.db", paths=PathSettings(state=tmp_path, run=tmp_path, spool=tmp_path)
    )


@pytest.fixture
def database(settings: Settings) -> Database:
    made = Database(settings.database)
    migrate.migrate(made, [migrate.CORE])
    return made


@pytest.fixture
def host(settings: Settings) -> PluginHost:
    """Without plugins: nothing that happens to be installed is loaded."""
    return PluginHost(settings)


@pytest.fixture
def asterisk(paths: Paths) -> FakeAsterisk:
    return FakeAsterisk(paths.base)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def workspace(
    settings: Settings,
    host: PluginHost,
    database: Database,
    paths: Paths,
    library: Library,
    asterisk: FakeAsterisk,
    told: list[str],
) -> Workspace:
    return Workspace(
        settings,
        host,
        database,
        author="ann",
        paths=paths,
        library=library,
        connect=asterisk.connect,
        tell_daemon=lambda: told.append("site.reload"),
    )
