"""Setting up by the console alone, in a real terminal on an installed node: then a call passes (N1, N2, N3)."""

from __future__ import annotations

from journeys.faults import away
from journeys.pbx import Pbx
from journeys.terminal import Terminal

NUMBER = "5558791"


def write(terminal: Terminal, *fields: str) -> None:
    """Into the fields of a form from where one is, downwards; '' leaves one out."""
    for place, text in enumerate(fields):
        if place:
            terminal.press("Down")
        if text:
            terminal.types(text)


def test_a_menu_and_a_number_are_made_and_a_call_passes(pbx: Pbx, unchanged: int) -> None:
    """Prompt, menu and number by lists and forms; the plan is read and applied; a caller goes that way."""
    number = pbx.number()
    with Terminal(pbx.node, ["jackfield", "console", "site-prompts"], size=(120, 40)) as terminal:
        terminal.sees("Set up › Prompts", "● daemon")
        terminal.press("n")
        terminal.sees("Prompts: new", "text (en)")
        write(terminal, "newcomer", "Press one for the first phone.")
        terminal.press("C-s")
        terminal.sees("Prompts: newcomer is in the draft")
        terminal.press("g", "M")
        terminal.sees("Set up › Voice menus")
        terminal.press("n")
        terminal.sees("prompt*", "Prompt that tells the choices")
        write(terminal, "newcomer", "newcomer", "", "1 = extension:201")
        terminal.sees("● 3 unsaved")
        terminal.press("C-s")
        terminal.sees("newcomer is in the draft")
        terminal.press("g", "I")
        terminal.sees("Set up › Inbound routes")
        terminal.press("n")
        terminal.sees("number*", "destination*")
        write(terminal, "newcomer", NUMBER, "ivr:nobody")
        terminal.sees("there is no ivr 'nobody'")
        terminal.press(*["BSpace"] * len("nobody"))
        terminal.types("newcomer")
        terminal.press("C-s")
        terminal.sees("Inbound routes: newcomer is in the draft")
        terminal.press("p")
        terminal.sees("+ did newcomer", "+ menu newcomer", "+ prompt newcomer")
        terminal.press("a")
        terminal.sees("Apply: why?")
        terminal.types("a newcomer")
        terminal.press("Enter")
        terminal.sees("✔ In force: generation", timeout=90)
        ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
        call = pbx.call(NUMBER, number)
        call.wait_answered(15)
        call.press("1")
        ann.wait_call(seen + 1).wait_answered()
        call.hang_up()
        terminal.press("h")
        terminal.sees("a newcomer", "● in force")
        terminal.press("q")


def test_a_daemon_killed_while_a_form_is_open_takes_nothing_that_was_typed(pbx: Pbx, unchanged: int) -> None:
    """What was written before and after the daemon went stands in the form, and is saved when it is back."""
    with Terminal(pbx.node, ["jackfield", "console", "site-extensions"]) as terminal:
        terminal.sees("Set up › Extensions", "● daemon")
        terminal.press("n")
        terminal.sees("Extensions: new", "name*")
        terminal.types("87")
        with away(pbx):
            terminal.sees("✖ daemon down")
            terminal.types("91")
            terminal.press("C-s")
            terminal.sees("The daemon does not answer", "8791")
        terminal.sees("● daemon", "8791")
        terminal.press("C-s")
        terminal.sees("Put it into the phone now")
        terminal.press("Escape")
        terminal.press("q")
    assert "8791" in pbx.jackfield("show", "extension").stdout
