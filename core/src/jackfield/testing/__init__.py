"""The kit for testing plugins: calls that read like a conversation, without an Asterisk, a network or a wait.

    with Simulator({"hello": HelloPlugin}, site=SITE) as pbx:
        caller = pbx.caller("5551", dials="5550100")
        caller.hears("hello-morning")
        caller.presses("1")
        caller.call.goes_to("extension:201")
        agent = pbx.phone("201")
        agent.rings()
        agent.answers()
        caller.hangs_up()
        assert caller.record().result == "answered"

The daemon in it is the real one, on a database of its own; Asterisk's side is played by `FakeAsterisk`, which behaves
as Asterisk 22 does (the same script runs against both, in the project's journeys). Time stands still until the test
moves it: `pbx.clock.advance(20)`. pytest brings fixtures (`jackfield_daemon`, `caller`, `node`) by itself, and
`PluginContract` what every plugin must do.
"""

from __future__ import annotations

from jackfield.testing.asterisk import FakeAsterisk
from jackfield.testing.clock import SteeredClock
from jackfield.testing.people import Caller, Phone
from jackfield.testing.simulator import Simulator
from jackfield.testing.traces import record_trace, replay

__all__ = ["Caller", "FakeAsterisk", "Phone", "Simulator", "SteeredClock", "record_trace", "replay"]
