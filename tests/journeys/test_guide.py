"""The user guide's commands, in its order, as it writes them, on an installed system; and its calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.pbx import Pbx
from rig import dtmf, wait

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "guide.md").read_text(encoding="utf-8")
FIRM = "From an empty server to calls"
DESK = "A support desk with two skills, VIPs, call back and overflow in ten minutes"
FOLDER = "/root/guide"
ELSEWHERE = ("apt install", "jackfield diff 1 2")
"""The packages have tests of their own; generations 1 and 2 may be gone, so others are compared."""
MAY_REFUSE = (
    "jackfield delete",
    "jackfield alarms ack",
    "jackfield unban",
    "jackfield unblock",
    "jackfield block",
    "jackfield route test out",
)
"""Their answer depends on who was banned or what is registered; but they must be commands as the guide writes them."""


def section(title: str) -> str:
    """A section's text."""
    found = re.search(rf"^## {re.escape(title)}.*?(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE)
    assert found, f"the guide has no section {title!r}"
    return found[0]


def blocks(text: str, *languages: str) -> list[str]:
    """Contents of fenced blocks in these languages."""
    return [body for language, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
            if language in languages]  # fmt: skip


def commands(text: str) -> list[str]:
    """Lines of a section's blocks that are commands, without comments."""
    lines = [re.sub(r"\s+#\s.*", "", line).strip() for body in blocks(text, "", "sh") for line in body.splitlines()]
    return [line for line in lines if line.startswith(("jackfield ", "for ")) and not line.startswith(ELSEWHERE)]


@pytest.fixture
def guide(pbx: Pbx) -> Iterator[Pbx]:
    """A folder with the files that the guide speaks of; afterwards the journeys' site is in force again."""
    before = pbx.ask("status")["generation"]
    for path in (DOCS / "example-site").iterdir():
        pbx.node.write_file(f"{FOLDER}/{path.name}", path.read_text(encoding="utf-8"))
    yield pbx
    if pbx.ask("status")["generation"] != before:
        pbx.jackfield("rollback", str(before))
    pbx.jackfield("discard")


def run(pbx: Pbx, command: str) -> str:
    """Runs a command as the guide writes it; it must do what it says."""
    done = pbx.node.run(["sh", "-c", f"cd {FOLDER} && {command}"], check=False, timeout=120)
    told = f"{command}\n{done.stdout}{done.stderr}"
    allowed = (0, 1) if command.startswith(MAY_REFUSE) else (0,)
    assert done.returncode in allowed and "Traceback" not in told, told
    return told


def test_every_command_is_one(guide: Pbx) -> None:
    """Guards this test: no block is passed over because its language is unknown, no command is forgotten."""
    languages = set(re.findall(r"^```(\w*)$", GUIDE, re.MULTILINE))
    assert languages <= {"", "sh", "toml"}
    assert len(commands(GUIDE)) > 15
    told = guide.node.run(["jackfield", "--help"]).stdout
    for command in set(re.findall(r"`jackfield ([a-z][a-z-]+)", GUIDE)):
        assert re.search(rf"^\s*{command}\b", told, re.MULTILINE), f"the guide speaks of jackfield {command}"


def test_the_road_of_a_site(guide: Pbx) -> None:
    """Import, plan, apply, history, rollback, export, and the draft's commands."""
    for command in commands(section("Describe the site")):
        told = run(guide, command)
        if command.startswith("jackfield history"):
            newest = int(re.findall(r"^\s*(\d+) ", told, re.MULTILINE)[0])
        if command.startswith("jackfield discard"):
            run(guide, f"jackfield diff {newest - 1} {newest}")


def test_strangers(guide: Pbx) -> None:
    """Bans and blocks."""
    for command in commands(section("Strangers, thieves and floods")):
        run(guide, command)
    for undo in ("jackfield unban 198.51.100.7", "jackfield disallow 203.0.113.0/24", "jackfield unblock 201"):
        guide.node.run(undo.split(), check=False)


def test_objects_alarms_and_the_audit_log(guide: Pbx) -> None:
    """Single objects, alarms, and who did what."""
    for title in ("One object at a time", "Alarms", "Who may do what, and who did"):
        found = commands(section(title))
        assert found
        for command in found:
            run(guide, command)


def test_from_an_empty_server_to_calls(guide: Pbx) -> None:
    """The site of the guide with the rig's carriers: a call in over the menu, a call out over the second trunk."""
    pbx, far = guide, guide.far_end("out-a")
    phone, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    text = section(FIRM)
    [site] = blocks(text, "toml")
    site = site.replace("198.51.100.10", pbx.addresses["CARRIER"]).replace("198.51.100.20", pbx.addresses["OUTA"])
    pbx.node.write_file(f"{FOLDER}/firm.toml", site)
    for command in commands(text):
        # The rig's phones: a known password, and answers to where they say.
        ours = command.replace('name = "%s"\\n', 'name = "%s"\\nnat = false\\nsecret = "secret-%s-abc"\\n')
        run(pbx, ours.replace("' $n >>", "' $n $n >>"))
    phone.register()
    assert len(pbx.ask("extensions")) == 20

    number = pbx.number()
    call = pbx.call("5550100", number, plan=[wait(3), dtmf("1"), wait(60)])
    rung = phone.wait_call(seen + 1, 15)
    rung.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(phone.tone) and rung.heard.hears(call.tone), 10, "both tones")
    call.hang_up()
    assert pbx.record(number)["result"] == "answered"

    before = len(far.calls)
    out = phone.call("0301234567")
    taken = far.wait_call(before + 1, 20)
    taken.wait_answered()
    pbx.node.wait_for(lambda: out.heard.hears(far.tone) and taken.heard.hears(phone.tone), 10, "both tones, outside")
    out.hang_up()
    assert "0301234567" in run(pbx, "jackfield records")


def test_a_support_desk(guide: Pbx) -> None:
    """The desk of the guide: the German caller reaches the agent who speaks it, the next one asks to be called back."""
    pbx, text = guide, section(DESK)
    phone, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    [site] = blocks(text, "toml")
    site = site.replace("198.51.100.10", pbx.addresses["CARRIER"])
    site = re.sub(r'(\[\[extension\]\]\nname = "(\d+)"\n)', r'\1nat = false\nsecret = "secret-\2-abc"\n', site)
    pbx.node.write_file(f"{FOLDER}/desk.toml", site)
    told = [run(pbx, command) for command in commands(text)]
    assert any("queue:german" in each for each in told)
    phone.register()
    pbx.login("201")
    call = pbx.call("5550101", pbx.number("5559"))
    rung = phone.wait_call(seen + 1, 15)
    rung.wait_answered()
    number = pbx.number("0201")
    second = pbx.call("5550101", number)
    pbx.wait_hears(second, "acd-callback-offer")
    second.press("1")
    pbx.wait_hears(second, "acd-callback-right")
    second.press("1")
    assert second.wait_ended(15).ended_by == "them"
    pbx.wait_waiting("german", [number])
    assert number in run(pbx, "jackfield acd callbacks")
    [row] = [row for row in pbx.ask("acd.callbacks") if row["number"] == number]
    run(pbx, f"jackfield acd cancel {row['id']}")
    call.hang_up()
