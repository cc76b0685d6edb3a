"""Who calls: numbers and names from outside, made harmless."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Party:
    """A number and a name, safe in AGI, AMI, dialplan, files and on screens. An unknown number is ''.

    `withheld` says that the caller does not want to be known; number and name are empty then.
    """

    number: str = ""
    name: str = ""
    withheld: bool = False


def clean_number(raw: str) -> str:
    """The number as dialled digits, or '' when it is not one.

    Hostile text (`500&PJSIP/…`, `${SHELL(id)}`) is refused whole, never trimmed into something that looks right.
    """
    raw = raw.strip()
    squeezed = re.sub(r"[ ().-]", "", raw)
    return squeezed if _NUMBER.fullmatch(squeezed) else ""


def clean_name(raw: str) -> str:
    """A name fit to be shown: no control or format characters, none with a meaning in dialplan, at most 80 long."""
    kept = [
        " " if c in "\t\r\n" else c
        for c in unicodedata.normalize("NFC", raw)
        if c in "\t\r\n" or (unicodedata.category(c)[0] != "C" and c not in '"\\${}[]`<>;|&\ufffd')
    ]
    return " ".join("".join(kept).split())[:MAX_NAME]


def party(number: str, name: str) -> Party:
    """A party from what a peer sent."""
    return Party(clean_number(number), clean_name(name))
