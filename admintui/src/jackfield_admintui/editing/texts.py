"""A field's value as text that a person edits, and back; what is no value at all is told at once."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from jackfield_admintui.editing.fields import FieldSpec, Shape
from jackfield_admintui.texts import _

YES, NO = "yes", "no"
TRUE, FALSE = frozenset({"yes", "y", "true", "on", "1", "是"}), frozenset({"no", "n", "false", "off", "0", "否"})


class NoValue(ValueError):
    """A text that stands for no value of its field; the message says what to write."""


def written(value: Any, field: FieldSpec) -> str:
    """A value as it is written in the form; '' for None."""
    if value is None:
        return ""
    if field.shape is Shape.YES_NO:
        return YES if value else NO
    if field.shape is Shape.LIST and isinstance(value, list):
        return "\n".join(map(str, value))
    if field.shape is Shape.TABLE and isinstance(value, dict):
        return "\n".join(f"{key} = {each}" for key, each in value.items())
    if field.shape is Shape.ROWS:
        rows = value if isinstance(value, list) else [value]
        return "\n".join(_toml(row) for row in rows)
    return str(value)


def read(text: str, field: FieldSpec) -> Any:
    """The value that a text stands for; None for an empty one, which means the default.

    Raises:
        NoValue: it stands for none.
    """
    if not text.strip():
        return None
    if field.shape in (Shape.TEXT, Shape.CHOICE):
        return text if field.key else text.strip()
    if field.shape is Shape.LIST:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if field.shape is Shape.TABLE:
        return dict(_entry(line, field) for line in text.split("\n") if line.strip())
    if field.shape is Shape.ROWS:
        return [_row(line) for line in text.split("\n") if line.strip()]
    return _scalar(text.strip(), field.shape)


def _scalar(text: str, shape: Shape) -> Any:
    if shape is Shape.YES_NO:
        if text.casefold() in TRUE | FALSE:
            return text.casefold() in TRUE
        raise NoValue(_("write yes or no"))
    if shape is Shape.WHOLE:
        try:
            return int(text)
        except ValueError:
            raise NoValue(_("write a whole number")) from None
    if shape is Shape.NUMBER:
        try:
            number = float(text)
        except ValueError:
            raise NoValue(_("write a number, as in 2.5")) from None
        if number != number or number in (float("inf"), float("-inf")):
            raise NoValue(_("write a number, as in 2.5"))
        return number
    return text


def _entry(line: str, field: FieldSpec) -> tuple[str, Any]:
    key, equals, value = (part.strip() for part in line.partition("="))
    if not equals or not key or not value:
        raise NoValue(_("write key = value on each line; “{line}” is not so").format(line=line.strip()[:40]))
    return key, _scalar(value, field.inner)


def _row(line: str) -> Any:
    text = line.strip()
    try:
        return tomllib.loads(f"v = {text if text[:1] in '{[' else '{' + text + '}'}")["v"]
    except tomllib.TOMLDecodeError as error:
        why = str(error).partition(" (at")[0]
        raise NoValue(
            _("“{line}” cannot be read ({why}); write name = value, name = value").format(line=text[:40], why=why)
        ) from None


def _toml(value: Any) -> str:
    """A value on one line of TOML; the braces of a table are left out, as people write it."""
    text = _inline(value)
    return text[2:-2] if isinstance(value, dict) and value else text


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_inline(each)}" for key, each in value.items() if each is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _key(key: str) -> str:
    bare = key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
    return key if bare else _inline(key)
