"""Pydantic's findings in plain words."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from jackfield.config.check import suggestion
from jackfield.config.kinds import Kind
from jackfield.config.problems import Path
from jackfield.i18n import gettext_for
from jackfield.routing.destinations import DESTINATION_PATTERN, NAME_PATTERN
from jackfield.routing.patterns import DIAL_PATTERN

_ = gettext_for("jackfield")
N_ = str
"""Marks a text that is translated where it is used."""
_PATTERNS = {
    f"^{NAME_PATTERN}$": N_("use letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 64"),
    f"^{DESTINATION_PATTERN}$": N_("write a destination as kind:name, as in queue:sales"),
    r"^\+?[0-9*#]{1,32}$": N_("write digits, '*' and '#', perhaps with '+' in front"),
    r"^[A-Za-z0-9._~-]{8,128}$": N_("use 8 to 128 letters, digits, '.', '_', '~' or '-'"),
    r"^[0-9]{2,10}$": N_("write 2 to 10 digits"),
    DIAL_PATTERN: N_("write digits, or a pattern such as _0Z. or _00X."),
    r"^\+?[0-9]{0,32}$": N_("write digits, perhaps with '+' in front"),
    r"^[0-9]{2,8}$": N_("write 2 to 8 digits"),
    r"^[0-9]{4,10}$": N_("write 4 to 10 digits"),
}
_TYPES = {
    "string_type": N_('write it as text, in quotes, as in "201"'),
    "int_type": N_("write a whole number, without quotes"),
    "int_from_float": N_("write a whole number"),
    "float_type": N_("write a number, without quotes"),
    "bool_type": N_("write true or false, without quotes"),
    "list_type": N_('write a list, as in ["a", "b"]'),
    "dict_type": N_('write a table, as in { en = "…" }'),
    "model_type": N_('write a table, as in { name = "…" }'),
}
_LONG = 60


def in_words(kind: Kind, finding: ErrorDetails) -> tuple[str, Path]:
    """What is wrong and what to do, and which field is meant (as a path within the object)."""
    path: Path = tuple(part for part in finding["loc"] if part != "[key]")
    sort, context = finding["type"], finding.get("ctx", {})
    key = str(path[-1]) if path else ""
    if sort == "missing":
        field = kind.model.model_fields.get(key)
        about = f" ({_(field.description)})" if field is not None and field.description else ""
        return _("is missing; add `{key} = …`{about}").format(key=key, about=about), path
    if sort == "extra_forbidden":
        known = [f for f in kind.model.model_fields if len(path) == 1]
        hint = suggestion(key, known) if known else _("take it out")
        hint = hint or _("the keys of {kind} are {keys}").format(kind=kind.kind, keys=", ".join(known))
        return _("{key} is not a key here; {hint}").format(key=repr(key), hint=hint), path
    given = _given(finding["input"])
    if sort == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        form = _(_PATTERNS[pattern]) if pattern in _PATTERNS else _("it must match {pattern}").format(pattern=pattern)
        return _("{value} is not allowed; {form}").format(value=given, form=form), path
    if sort in _TYPES:
        return _("{value} is of the wrong type; {form}").format(value=given, form=_(_TYPES[sort])), path
    if sort == "literal_error":
        known_ones = context.get("expected", "…")
        return _("{value} is not known; write {known}").format(value=given, known=known_ones), path
    if sort == "value_error":
        return _value_error(str(context.get("error", finding["msg"])), path, given)
    return f"{given}: {finding['msg'].replace('Input should', 'it should').replace('String should', 'it should')}", path


def _value_error(text: str, path: Path, given: str) -> tuple[str, Path]:
    """A validator's own sentence; the value goes in front when the field is known."""
    return (f"{given}: {_(text)}" if path else _(text)), path


def _given(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONG else text[:_LONG] + "…"
