"""Runs a menu on a call's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.routing.destinations import Goto, Next

from jackfield_ivr.kinds import Menu
from jackfield_ivr.plain import INVALID, NO_INPUT
from jackfield_ivr.service import Choice, Reading, above, choices, enter, read

if TYPE_CHECKING:
    from jackfield.calls.call import Call

MAX_ROUNDS = 30
"""Readings of one menu in one visit: a stuck repeat key must not hold a channel for ever."""
TYPED = "ivr-typed"
"""Note in the call's data: menu → the keys that were typed there."""
MENUS = 10
_PATH = "ivr-path"
_GREETED = "ivr-greeted"


def handle(call: Call, name: str) -> Next:
    """Take a call through the menu `name`, until the caller has chosen or the tries are used up.

    The step's outcome is the row of keys that was typed, `timeout`, `invalid`, or `missing` (no such menu).
    """
    menu = call.site.get("menu", name, Menu)
    if menu is None:
        return Goto(call.site.general.fallback, outcome="missing")
    path = enter(_names(call, _PATH), name)
    call.set_data(_PATH, "/".join(path))
    greeted = _names(call, _GREETED)
    greet = menu.greeting is not None and name not in greeted
    if greet:
        call.set_data(_GREETED, "/".join([*greeted, name]))
    failures = int(call.memo.get("failures", 0))
    call.checkpoint(failures=failures)
    if not call.answered:
        call.answer()
    prompts = [menu.greeting, menu.prompt] if greet and menu.greeting else [menu.prompt]
    return _rounds(call, menu, path, prompts, failures)


def _names(call: Call, key: str) -> list[str]:
    return [name for name in call.data.get(key, "").split("/") if name]


def _rounds(call: Call, menu: Menu, path: list[str], prompts: list[str], failures: int) -> Next:
    """Read the menu until something comes of it."""
    table = choices(menu, call.site.names("extension"))
    for _ in range(MAX_ROUNDS):
        typed = _collect(call, menu, table, prompts)
        prompts = [menu.prompt]
        choice = table.get(typed)
        if choice is not None:
            onward = _choose(call, choice, typed, path)
            if onward is not None:
                _note(call, menu.name, typed)
                return onward
            continue
        failures += 1
        call.checkpoint(failures=failures)
        if failures >= menu.tries:
            return _give_up(call, menu, "invalid" if typed else "timeout")
        # No keys here: what is left of a row of wrong keys must not count as further tries.
        call.play((menu.invalid or INVALID) if typed else (menu.no_input or NO_INPUT))
    return _give_up(call, menu, "invalid")


def _collect(call: Call, menu: Menu, table: dict[str, Choice], prompts: list[str]) -> str:
    """Keys typed: a choice as soon as no longer one is possible, else whatever was typed; "" for nothing."""
    typed = call.ask(prompts, digits=1, seconds=menu.timeout_seconds, end="")
    while typed and read(typed, table) in (Reading.MORE, Reading.CHOICE_OR_MORE):
        key = call.key(menu.between_seconds)
        if not key:
            break
        typed += key
    return typed


def _choose(call: Call, choice: Choice, typed: str, path: list[str]) -> Goto | None:
    """Do what was chosen; None when the menu is to be read again."""
    if choice.language is not None:
        call.language = choice.language
    if choice.back:
        menu = above(path)
        return Goto(f"ivr:{menu}", outcome=typed) if menu is not None else None
    return Goto(choice.destination, outcome=typed) if choice.destination is not None else None


def _note(call: Call, menu: str, typed: str) -> None:
    """Keep what was typed in the last menus, for those who serve the call after."""
    before = {name: keys for name, keys in call.data.get(TYPED, {}).items() if name != menu}
    call.set_data(TYPED, dict([*before.items(), (menu, typed)][-MENUS:]))


def _give_up(call: Call, menu: Menu, outcome: str) -> Goto:
    chosen = menu.on_invalid if outcome == "invalid" else menu.on_timeout
    return Goto(chosen or call.site.general.fallback, outcome=outcome)
