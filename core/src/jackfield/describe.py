"""Settings in words: for the CLI, the console and the reference."""

from __future__ import annotations

import types
import typing
from typing import Any, Union

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

HIDDEN = "********"
_SECRET_WORDS = frozenset({"password", "secret", "token", "passphrase", "pin", "key"})


def describe_settings(
    model: type[BaseModel], values: BaseModel | None = None, prefix: str = ""
) -> list[dict[str, Any]]:
    """A row for each setting of a model: name, type, default, description, whether it is secret and whether needed.

    A model within the model is a section: its settings are called `section.name`. Secret is a field of type
    `SecretStr`, one with `repr=False` or `json_schema_extra={"secret": True}`, and one whose name ends in a word that
    says so (`password`, `api_key` …):
    neither its default nor its value is told.

    Args:
        model: the pydantic model that `jackfield_settings` returns.
        values: what is in force; adds `value` to each row.
        prefix: of the names.

    Example:
        >>> class BankSettings(BaseModel):
        ...     url: str = Field("https://bank.example", description="Where the bank answers")
        ...     token: SecretStr = Field(SecretStr(""), description="What it knows us by")
        >>> [(row["name"], row["secret"]) for row in describe_settings(BankSettings)]
        [('url', False), ('token', True)]
    """
    rows: list[dict[str, Any]] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        value = None if values is None else getattr(values, name)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            rows += describe_settings(inner, value, f"{prefix}{name}.")
            continue
        secret = _is_secret(name, inner, field)
        row = {
            "name": f"{prefix}{name}",
            "type": _type_name(inner),
            "default": _default(field, secret),
            "description": field.description or "",
            "secret": secret,
            "needed": field.is_required(),
        }
        rows.append(row if values is None else row | {"value": _shown(value, secret)})
    return rows


def _parts(annotation: Any) -> list[Any]:
    """The members of a union, what is annotated, and the items of a list."""
    origin = typing.get_origin(annotation)
    if origin is None:
        return [annotation]
    return [part for each in typing.get_args(annotation) for part in _parts(each)]


def _is_secret(name: str, annotation: Any, field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    said = isinstance(extra, dict) and bool(extra.get("secret"))
    kinds = [part for part in _parts(annotation) if isinstance(part, type)]
    named = name.lower().rpartition("_")[2] in _SECRET_WORDS
    return said or named or not field.repr or any(issubclass(kind, SecretStr | SecretBytes) for kind in kinds)


def _default(field: FieldInfo, secret: bool) -> Any:
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True)
    return None if value is PydanticUndefined else _shown(value, secret)


def _shown(value: Any, secret: bool) -> Any:
    if secret:
        bare = value.get_secret_value() if isinstance(value, SecretStr | SecretBytes) else value
        return HIDDEN if bare else ""
    if isinstance(value, int | float | str | bool | None):
        return value
    if isinstance(value, dict):
        return {str(k): _shown(v, False) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(v, False) for v in value]
    return str(value)


_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", SecretStr: "secret text"}


def _type_name(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(a) for a in arguments if a is not type(None))
    if origin is typing.Literal:
        return " or ".join(map(str, arguments))
    if origin in (list, set, frozenset, tuple):
        return f"list of {_type_name(arguments[0])}" if arguments else "list"
    if origin is dict:
        return "table"
    return getattr(annotation, "__name__", str(annotation))
