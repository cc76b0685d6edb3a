"""The guide's pictures: `JACKFIELD_PICTURES=docs/pictures pytest admintui/tests/test_pictures.py` draws them anew.

Without that they are drawn all the same, and each must show the words that the guide's picture shows.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

import pytest
from console_rig import at_console
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin
from jackfield_ivr.plugin import IvrPlugin

HERE = Path(__file__).parents[2]
FOLDER = HERE / "docs/pictures"
SITE = """
[general]
title = "Acme Ltd"

[[trunk]]
name = "carrier"
host = "192.0.2.7"

[[trunk]]
name = "backup"
host = "192.0.2.8"
max_calls = 30

[[extension]]
name = "201"
title = "Ann"

[[extension]]
name = "202"
title = "陈静"

[[agent]]
name = "1001"

[[agent]]
name = "1002"

[[queue]]
name = "sales"
agents = ["1001", "1002"]

[[queue]]
name = "support"
agents = ["1002"]

[[did]]
name = "ann"
number = "5550100"
destination = "extension:201"

[[did]]
name = "sales"
number = "5550101"
destination = "queue:sales"

[[did]]
name = "support"
number = "5550102"
destination = "queue:support"
"""
PICTURES = {
    "overview": ("o", ("Calls", "Alarms", "Queues", "Agents", "Trunks", "Machine", "sales")),
    "calls": ("c", ("State", "From", "queue:sales", "● talking")),
    "queues": ("q", ("sales", "How long they wait")),
    "records": ("r", ("Began", "● answered")),
    "plugins": ("p", ("acd", "● at work")),
}


def words_of(svg: str) -> str:
    """The text of a picture."""
    return html.unescape(re.sub(r"<[^>]*>", "", svg)).replace("\xa0", " ")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All pictures, of a busy hour."""
    found: dict[str, str] = {}
    with Simulator({"ivr": IvrPlugin, "acd": AcdPlugin}, site=SITE) as pbx:
        for number in ("+442079460101", "+442079460102"):
            done = pbx.caller(number, dials="5550100")
            phone = pbx.phone("201")
            phone.rings()
            phone.answers()
            done.hangs_up()
        for number in range(4):
            pbx.caller(f"+4420794602{number:02}", dials="5550101", name=("Bob", "陈先生", "Eve", "")[number])
        pbx.caller("+442079460300", dials="5550102")
        pbx.caller("+442079460301", dials="5550100", name="Carol")
        phone = pbx.phone("201")
        phone.rings()
        phone.answers()
        pbx.daemon.alarms.clear("firewall")
        pbx.daemon.alarms.raise_("disk:recordings", "The disk for recordings is 91 % full; delete old ones.")

        async def work(seat):
            await seat.sees("6 now")
            for name, (key, words) in PICTURES.items():
                await seat.presses("g", key)
                await seat.until(lambda name=name: seat.screen.place == name)
                await seat.sees(*words)
                found[name] = seat.app.export_screenshot(title="jackfield console")

        at_console(pbx.folder / "control.sock", work, size=(110, 30))
    if target := os.environ.get("JACKFIELD_PICTURES"):
        for name, svg in found.items():
            (HERE / target).mkdir(parents=True, exist_ok=True)
            (HERE / target / f"console-{name}.svg").write_text(svg, encoding="utf-8")
    return found


def test_the_guides_pictures_show_what_the_screens_show(drawn: dict[str, str]) -> None:
    for name, (_key, words) in PICTURES.items():
        kept = (FOLDER / f"console-{name}.svg").read_text(encoding="utf-8")
        for word in words:
            assert word in words_of(drawn[name]), (name, word)
            assert word in words_of(kept), f"draw {name} anew: see the top of this file"


def test_the_guide_shows_every_picture() -> None:
    guide = (HERE / "docs/guide.md").read_text(encoding="utf-8")
    assert [name for name in PICTURES if f"(pictures/console-{name}.svg)" not in guide] == []
