"""What every plugin must do, for recordings."""

from __future__ import annotations

from jackfield.testing import Caller, Simulator
from jackfield.testing.contract import PluginContract
from jackfield_recording.plugin import RecordingPlugin

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "extension:201"

[[extension]]
name = "201"
"""


class TestContract(PluginContract):
    """A caller who talks to a phone."""

    plugin = RecordingPlugin
    site = SITE

    def talk(self, pbx: Simulator, caller: Caller) -> None:
        """Rings, and is answered."""
        pbx.phone("201").rings()
        pbx.phone("201").answers()
        caller.talks_to(pbx.phone("201"))
