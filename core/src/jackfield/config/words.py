"""Pydantic's findings in plain words."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from jackfield.config.check import suggestion
from jackfield.config.kinds import Kind
from jackfield.config.problems import Path
from jackfield.routing.destinations import DESTINATION_PATTERN, NAME_PATTERN
from jackfield.routing.patterns import DIAL_PATTERN

_PATTERNS = {
    f"^{NAME_PATTERN}$": "use letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 64",
    f"^{DESTINATION_PATTERN}$": "write a destination as kind:name, as in queue:sales",
    r"^\+?[0-9*#]{1,32}$": "write digits, '*' and '#', perhaps with '+' in front",
    r"^[A-Za-z0-9._~-]{8,128}$": "use 8 to 128 letters, digits, '.', '_', '~' or '-'",
    r"^[0-9]{2,10}$": "write 2 to 10 digits",
    DIAL_PATTERN: "write digits, or a pattern such as _0Z. or _00X.",
    r"^\+?[0-9]{0,32}$": "write digits, perhaps with '+' in front",
    r"^[0-9]{2,8}$": "write 2 to 8 digits",
    r"^[0-9]{4,10}$": "write 4 to 10 digits",
}
_TYPES = {
    "string_type": 'write it as text, in quotes, as in "201"',
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
    "float_type": "write a number, without quotes",
    "bool_type": "write true or false, without quotes",
    "list_type": 'write a list, as in ["a", "b"]',
    "dict_type": 'write a table, as in { en = "…" }',
    "model_type": 'write a table, as in { name = "…" }',
}
_LONG = 60


def in_words(kind: Kind, finding: ErrorDetails) -> tuple[str, Path]:
    """What is wrong and what to do, and which field is meant (as a path within the object)."""
    path: Path = tuple(part for part in finding["loc"] if part != "[key]")
    sort, context = finding["type"], finding.get("ctx", {})
    key = str(path[-1]) if path else ""
    if sort == "missing":
        field = kind.model.model_fields.get(key)
        about = f" ({field.description})" if field is not None and field.description else ""
        return f"is missing; add `{key} = …`{about}", path
    if sort == "extra_forbidden":
        known = [f for f in kind.model.model_fields if len(path) == 1]
        hint = suggestion(key, known) or f"the keys of {kind.kind} are {', '.join(known)}" if known else "take it out"
        return f"{key!r} is not a key here; {hint}", path
    given = _given(finding["input"])
    if sort == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        return f"{given} is not allowed; {_PATTERNS.get(pattern, f'it must match {pattern}')}", path
    if sort in _TYPES:
        return f"{given} is of the wrong type; {_TYPES[sort]}", path
    if sort == "literal_error":
        return f"{given} is not known; write {context.get('expected', 'another')}", path
    if sort == "value_error":
        return _value_error(str(context.get("error", finding["msg"])), path, given)
    return f"{given}: {finding['msg'].replace('Input should', 'it should').replace('String should', 'it should')}", path


def _value_error(text: str, path: Path, given: str) -> tuple[str, Path]:
    """A validator's own sentence; the value goes in front when the field is known."""
    return (f"{given}: {text}" if path else text), path


def _given(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONG else text[:_LONG] + "…"
