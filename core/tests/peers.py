"""One call of the fake Asterisk, for tests of the daemon's own parts."""

from __future__ import annotations

import threading
from pathlib import Path

from jackfield.testing import FakeAsterisk, SteeredClock
from jackfield.testing.agi import AgiLink


class _Everything(set):
    """All prompts are there."""

    def __contains__(self, _: object) -> bool:
        return True


class AgiPeer:
    """Asterisk's end of an AGI connection; whoever calls says and presses nothing."""

    def __init__(
        self,
        port: int,
        script: str = "trunk",
        arguments: tuple[str, ...] = ("token", "carrier"),
        uniqueid: str = "1.1",
        extension: str = "5550100",
    ) -> None:
        self.ended = threading.Event()
        self._asterisk = FakeAsterisk(SteeredClock(), Path("/sounds"))
        self._asterisk.files = _Everything()
        self._channel = self._asterisk.open("carrier", number="7001", caller_name="Ann", exten=extension)
        self._channel.id = uniqueid
        AgiLink(self._asterisk, self._channel, lambda _: self.ended.set()).start(port, script, arguments)

    @property
    def commands(self) -> list[str]:
        return self._channel.commands

    @property
    def variables(self) -> dict[str, str]:
        return self._channel.variables

    def hang_up(self) -> None:
        self._asterisk.hang_up(self._channel)

    def played(self) -> list[str]:
        return [sound.name for sound in self._channel.heard]
