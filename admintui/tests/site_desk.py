"""A process that works on the site, as on a box, but over an Asterisk of paper: it has what its files say, at once.

Run by the daemon of the simulator in place of `jackfield.control.site_child`; everything else is the real thing.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from jackfield.config import workspace
from jackfield.config.paths import Paths
from jackfield.control import site_child
from jackfield.errors import CommandFailed
from jackfield.plugins import host
from jackfield.prompts.library import Library
from jackfield.prompts.tools import Tools

PLUGINS = {"ivr": "jackfield_ivr.plugin:IvrPlugin", "acd": "jackfield_acd.plugin:AcdPlugin"}
REFUSES = "asterisk-refuses"
"""While a file of this name is beside the generations, Asterisk takes no reload."""


class Humming(Tools):
    """Instead of espeak-ng and sox: a tone."""

    def speak(self, text: str, language: str) -> bytes:
        return array("h", [int(8000 * math.sin(i / 3)) for i in range(400)]).tobytes()

    def music(self, data: bytes) -> bytes:
        return b"\x03\x04" * 400

    def encode(self, sound: bytes, form: str) -> bytes:
        return sound[::2]


@dataclass
class Paper:
    """An Asterisk that holds what the files in force say."""

    base: Path

    def load(self, module: str) -> None:
        self.reload(module)

    def reload(self, module: str) -> None:
        if (self.base / REFUSES).exists():
            raise CommandFailed(f"Asterisk refused to reload {module}")

    def _sections(self, file: str) -> set[str]:
        lines = (self.base / "current" / file).read_text().splitlines()
        return {line[1 : line.index("]")] for line in lines if line.startswith("[")}

    def endpoints(self) -> set[str]:
        return self._sections("pjsip.conf")

    registrations = endpoints

    def dialplan(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for line in (self.base / "current" / "extensions.conf").read_text().splitlines():
            if line.startswith("["):
                here = found.setdefault(line[1 : line.index("]")], set())
            elif line.startswith("exten => "):
                here.add(line.removeprefix("exten => ").partition(",")[0])
        return found

    def queues(self) -> set[str]:
        return self._sections("queues.conf")

    def close(self) -> None:
        """Nothing to close."""


def _library(paths: Paths) -> Library:
    return Library(paths, Humming())


if __name__ == "__main__":
    host.entry_points = lambda group: [EntryPoint(n, t, group) for n, t in PLUGINS.items()]
    workspace.Library = _library
    workspace.Workspace._connect_ami = lambda self: Paper(self.paths.base)
    site_child.NICE = 0  # or it starves on a machine that runs other tests
    site_child.main()
