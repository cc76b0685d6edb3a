"""Prompts with values in them: "Your balance is {amount}." is a recorded part, and what is said at the time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HOLE = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a prompt: a sound (`name`, `words`), or the value `hole`."""

    name: str = ""
    words: str = ""
    hole: str = ""


def holes(text: str) -> set[str]:
    """Names of the values in a text: `{amount}` is `amount`."""
    return set(_HOLE.findall(text))


def split(name: str, text: str) -> list[Part]:
    """The parts of a prompt, in order. Its sounds are called `NAME~1`, `NAME~2`, as no prompt can be."""
    parts: list[Part] = []
    for place, piece in enumerate(_HOLE.split(text)):
        if place % 2:
            parts.append(Part(hole=piece))
        elif any(c.isalnum() for c in piece):
            parts.append(Part(f"{name}~{place // 2 + 1}", piece.strip()))
    return parts


def uneven(texts: Mapping[str, str]) -> str:
    """What is wrong when a prompt's languages have not the same values in them; '' when nothing is."""
    found = {language: holes(text) for language, text in texts.items()}
    whole: set[str] = set().union(*found.values())
    for language, names in found.items():
        if missing := sorted(whole - names):
            return f"its {language} text lacks {{{missing[0]}}}, which another language's has"
    return ""


def unknown(text: str, known: set[str]) -> str:
    """What is wrong with a site's own text of a prompt that has the values `known`; '' when nothing is."""
    if wrong := sorted(holes(text) - known):
        return f"there is no value {{{wrong[0]}}} in it; it may have {', '.join(f'{{{n}}}' for n in sorted(known))}"
    return ""
