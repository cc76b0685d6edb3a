"""A strict reader of Asterisk's configuration syntax, for what plugins contribute."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_SECTION = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9_.@-]{0,78})\](\((?:!|\+|[A-Za-z0-9_.,!-]+)\))?")
_PAIR = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)\s*=>?\s*(.*)")
_HINT = re.compile(r"hint,[A-Za-z]+[/:][A-Za-z0-9_.-]+(&[A-Za-z]+[/:][A-Za-z0-9_.-]+)*")
"""Devices whose states an extension shows together."""
_STEP = re.compile(r"(?:[^,]+,)?(?:[0-9]+|n|hint)(?:\+[0-9]+)?(?:\([A-Za-z0-9_-]+\))?,[A-Za-z][A-Za-z0-9_]*(?:\(.*\))?")
_MODULE = re.compile(r"[a-z][a-z0-9_]*\.so")
_DIALPLAN_KEYS = frozenset({"exten", "same", "include", "ignorepat", "switch"})
_SETTINGS = frozenset({"general", "globals"})
DIALPLAN = "extensions.conf"


@dataclass(slots=True)
class Parsed:
    """Sections and their pairs, in order; `errors` are sentences with line numbers."""

    sections: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def names(self) -> set[str]:
        """Names of the sections."""
        return {name for name, _ in self.sections}


def unprintable(text: str) -> bool:
    """Whether a text holds a control character other than line feed and tab, or half a character (a surrogate)."""
    return _UNPRINTABLE.search(text) is not None


def parse(text: str, file: str) -> Parsed:
    """Read a fragment: comments, `[section]`, `key = value`, in a dialplan `exten => …` too. No includes."""
    out = Parsed()
    if unprintable(text):
        out.errors.append("holds control characters")
        return out
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or (line.startswith(";") and not line.startswith(";--")):
            continue
        if wrong := _line(out, line, file):
            out.errors.append(f"line {number}: {wrong}")
    return out


def _line(out: Parsed, line: str, file: str) -> str:
    """Take one line; why it is refused, or ''."""
    if line.startswith("#"):
        return "includes are not allowed"
    if line.startswith(";--"):
        return "block comments are not allowed"
    if section := _SECTION.fullmatch(line):
        out.sections.append((section[1], []))
        return "" if section[2] in (None, "(!)") else "additions to other sections are not allowed"
    if not out.sections:
        return "stands before the first [section]"
    pair = _PAIR.fullmatch(line)
    if pair is None:
        return f"is neither [section] nor key = value: {line[:60]!r}"
    key, value = pair[1], pair[2]
    out.sections[-1][1].append((key, value))
    return _dialplan(key, value) if file == DIALPLAN and out.sections[-1][0] not in _SETTINGS else ""


def _dialplan(key: str, value: str) -> str:
    if key not in _DIALPLAN_KEYS:
        return f"{key!r} is not a word of the dialplan"
    if key == "exten" and not re.match(r"[^,]+,", value):
        return "exten wants an extension, a priority and an application"
    if key in ("exten", "same"):
        step = value.partition(",")[2] if key == "exten" else value
        if key == "exten" and _HINT.fullmatch(step):
            return ""
        if not _STEP.fullmatch(step) or not _balanced(step):
            return f"is not priority,Application(…): {step[:60]!r}"
    return ""


def _balanced(text: str) -> bool:
    """Whether brackets close in the order in which they open; a backslash takes a character's meaning."""
    stack: list[str] = []
    closing = {")": "(", "}": "{", "]": "["}
    for char in re.sub(r"\\.", "", text):
        if char in "({[":
            stack.append(char)
        elif char in closing and (not stack or stack.pop() != closing[char]):
            return False
    return not stack


def modules(text: str) -> tuple[list[str], list[str]]:
    """Modules named one a line, and sentences for lines that are none."""
    lines = [line.strip() for line in text.split("\n")]
    named = [line for line in lines if line and not line.startswith(";")]
    return (
        [line for line in named if _MODULE.fullmatch(line)],
        [f"{line[:60]!r} is not the name of a module" for line in named if not _MODULE.fullmatch(line)],
    )
