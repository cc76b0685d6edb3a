"""A newcomer at an installed system without a site: by the console alone to an answered call (N1, N5).

The keys are those that the screens name; the passwords of the phones are read from the screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.parties import PORT, Registrar
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from journeys.terminal import Terminal
from rig import Run, install_jackfield, wait_for
from rig.audio import TONES

NUMBER, USER, SECRET = "5550100", "acme", "line-secret-1"
PHONES = {"201": TONES[-2], "202": TONES[-3]}
APPLY_SECONDS = 240
"""The first time all sounds are made, in both languages; other tests run beside this one."""


class Newcomer:
    """A node without a site, a carrier, and somebody at the console."""

    def __init__(self, run: Run, debs: Path) -> None:
        self.run, self.node = run, run.node("newcomer")
        install_jackfield(self.node, debs)
        self.desk = run.party("new-phones")
        self.carrier = run.carrier(self.node, "new-line")
        self.line = run.network.parties["new-line"]
        self.registrar = Registrar(self.line, USER, SECRET)
        self.phones: dict[str, Softphone] = {}
        self.node.wait_for(lambda: Pbx.is_ready(self), 60, "jackfieldd, connected to Asterisk")

    ask = Pbx.ask

    def close(self) -> None:
        """Nothing is left of it."""
        for phone in self.phones.values():
            phone.close()
        self.registrar.close()
        self.node.power_cut()

    def plug_in(self, user: str, password: str) -> Softphone:
        """A phone that is set up with what the screen says, and registers."""
        phone = self.phones[user] = Softphone(self.desk, self.node.address, user, password, PHONES[user])
        phone.register()
        return phone


@pytest.fixture(scope="module")
def newcomer(rig_run: Run, debs: Path) -> Iterator[Newcomer]:
    """The node, installed and without a site."""
    made = Newcomer(rig_run, debs)
    yield made
    made.close()


def answer(terminal: Terminal, *fields: str) -> None:
    """Into the fields of a page, from where one is, downwards; '' leaves one as it is."""
    for place, text in enumerate(fields):
        if place:
            terminal.press("Down")
        if text:
            terminal.types(text)


def site_and_line(terminal: Terminal, address: str) -> None:
    """Pages 1 and 2: the name, then the line, at first with a wrong password."""
    terminal.sees("First set-up", "page 1 of 5", "The site", "F2")
    answer(terminal, "Bird & Co")
    terminal.press("F2")
    terminal.sees("page 2 of 5", "your carrier told you", "F5")
    answer(terminal, address, str(PORT), USER, "not-the-password")
    terminal.press("F5")
    terminal.sees("✖ the carrier refuses the registration", "check user name and password", timeout=APPLY_SECONDS)
    answer(terminal, "", "", "", SECRET)
    terminal.press("F5")
    terminal.sees("✔ registered", timeout=APPLY_SECONDS)
    terminal.press("F2")


def two_phones(terminal: Terminal, newcomer: Newcomer) -> None:
    """Page 3: typed, put into force, set up with what the screen says, and seen to register."""
    terminal.sees("page 3 of 5", "A phone on each line")
    terminal.types("201 = Ann")
    terminal.press("Enter")
    terminal.types("202 = Ben")
    terminal.press("F5")
    shown = terminal.sees("user 201", "user 202", timeout=APPLY_SECONDS)
    accounts, passwords = re.findall(r"server (\S+), user (\d+)", shown), re.findall(r"password (\S+)", shown)
    assert accounts == [(newcomer.node.address, "201"), (newcomer.node.address, "202")]
    for (_server, user), password in zip(accounts, passwords, strict=True):
        newcomer.plug_in(user, password)
    terminal.sees("201 Ann  ✔ registered", "202 Ben  ✔ registered")
    terminal.press("F2")


def number_and_menu(terminal: Terminal) -> None:
    """Page 4: the number, and a menu; page 5: into force."""
    terminal.sees("page 4 of 5", "who answers", "answers")
    answer(terminal, NUMBER, "", "")
    terminal.press("Right", "Right")
    terminal.sees("‹ menu ›")
    terminal.press("F2")
    terminal.sees("page 5 of 5", "F5 puts this into force")
    terminal.press("F5")
    terminal.sees("All is in force", "dials *11", f"Then call {NUMBER}", timeout=APPLY_SECONDS)


def test_from_nothing_to_an_answered_call_by_keys_alone(newcomer: Newcomer) -> None:
    """Trunk, number, menu, queue, two agents; then a call from the carrier to an agent, heard both ways."""
    with Terminal(newcomer.node, ["jackfield", "console"], size=(80, 24)) as terminal:
        terminal.sees("● daemon", "● Asterisk")
        terminal.press("g", "F")
        site_and_line(terminal, newcomer.line.address)
        two_phones(terminal, newcomer)
        number_and_menu(terminal)
        for phone in newcomer.phones.values():
            phone.call("*11").wait_ended(30)
            phone.lines.clear()
        wait_for(lambda: len([a for a in newcomer.ask("agents") if a["phone"]]) == 2, 10, "both agents, logged in")
        call = newcomer.carrier.call(NUMBER, from_number="5557700")
        call.wait_answered(15)
        terminal.sees("5557700", "ivr:main")
        call.press("1")
        agent = wait_for(lambda: next((p for p in newcomer.phones.values() if p.lines), None), 15, "an agent's phone")
        agent.lines[0].wait("up")
        agent.lines[0].wait_hears(call.tone)
        wait_for(lambda: call.heard.hears(agent.tone, 0.5), 15, "the agent, heard by the caller")
        terminal.sees("5557700", "they talk")
        call.hang_up()
        terminal.sees("none yet")
        terminal.press("q")
