"""What every plugin must do, for menus."""

from __future__ import annotations

from jackfield.testing import Caller, Simulator
from jackfield.testing.contract import PluginContract
from jackfield_ivr.plugin import IvrPlugin

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "ivr:main"

[[extension]]
name = "201"

[[prompt]]
name = "choices"
text = { en = "For sales, press 1.", zh = "销售请按一。" }

[[menu]]
name = "main"
prompt = "choices"
keys = { 1 = "extension:201" }
languages = { 8 = "zh" }
"""


class TestContract(PluginContract):
    """A caller who presses a wrong key, changes the language and is put through."""

    plugin = IvrPlugin
    site = SITE

    def talk(self, pbx: Simulator, caller: Caller) -> None:
        """Through the whole menu."""
        caller.hears("choices")
        caller.presses("5")
        caller.hears("ivr-invalid", "choices")
        caller.presses("8")
        caller.hears("choices", language="zh")
        caller.waits(6)
        caller.hears("ivr-no-input", language="zh")
        caller.presses("1")
        pbx.phone("201").rings()
        pbx.phone("201").answers()
        caller.talks_to(pbx.phone("201"))
