"""What every plugin must do, for queues and agents."""

from __future__ import annotations

from jackfield.testing import Caller, Simulator
from jackfield.testing.contract import PluginContract
from jackfield_acd.plugin import AcdPlugin

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "queue:sales"

[[extension]]
name = "201"

[[agent]]
name = "1001"
extension = "201"

[[queue]]
name = "sales"
agents = ["1001"]
wrapup_seconds = 0
"""


class TestContract(PluginContract):
    """A caller who waits, and gets an agent."""

    plugin = AcdPlugin
    site = SITE

    def talk(self, pbx: Simulator, caller: Caller) -> None:
        """Waits until the agent logs in, who then answers."""
        agent = pbx.phone("201")
        if not any(row["phone"] for row in pbx.ask("agents")):
            caller.hears_music()
            agent.dials("*11").is_over()
        agent.rings()
        agent.answers()
        caller.talks_to(agent)
