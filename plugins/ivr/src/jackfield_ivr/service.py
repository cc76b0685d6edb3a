"""Rules of menus, without I/O: what the caller's keys mean, and which menu lies above."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from jackfield.config.kinds import Language

from jackfield_ivr.kinds import Menu


@dataclass(frozen=True, slots=True)
class Choice:
    """What a row of keys does. With no destination and no `back`, the menu is read again."""

    destination: str | None = None
    language: Language | None = None
    back: bool = False


class Reading(Enum):
    """What the keys typed so far amount to."""

    FINAL = auto()  # a choice, and no longer one begins with it
    CHOICE_OR_MORE = auto()  # a choice, and the beginning of a longer one
    MORE = auto()  # only a beginning
    NOTHING = auto()  # no choice begins like this


def read(typed: str, choices: Collection[str]) -> Reading:
    """Say what `typed` amounts to among `choices`."""
    longer = any(len(c) > len(typed) and c.startswith(typed) for c in choices)
    if typed in choices:
        return Reading.CHOICE_OR_MORE if longer else Reading.FINAL
    return Reading.MORE if longer else Reading.NOTHING


def choices(menu: Menu, extensions: Iterable[str] = ()) -> dict[str, Choice]:
    """All that can be typed in a menu. The menu's own keys come before extensions of the same number."""
    table: dict[str, Choice] = {}
    if menu.dial_extensions:
        table.update({number: Choice(destination=f"extension:{number}") for number in extensions})
    table.update({key: Choice(language=language) for key, language in menu.languages.items()})
    for key, destination in menu.keys.items():
        table[key] = Choice(destination=destination, language=menu.languages.get(key))
    if menu.repeat_key is not None:
        table[menu.repeat_key] = Choice()
    if menu.back_key is not None:
        table[menu.back_key] = Choice(back=True)
    return table


def enter(path: Iterable[str], menu: str) -> list[str]:
    """The path after entering a menu: coming to one that is on the path already goes back up to it."""
    before = list(path)
    return [*(before[: before.index(menu)] if menu in before else before), menu]


def above(path: list[str]) -> str | None:
    """The menu above the last one of a path."""
    return path[-2] if len(path) > 1 else None
