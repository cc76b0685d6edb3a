"""What a method of the control API is: a function, the model of its parameters, and who may call it.

Parameters come from the function's signature, so declaring one is a line:

    Method("trunks", self.trunks.describe, Role.VIEWER)

`Annotated[int, Field(ge=1, description="…")]` in the signature gives limits and help; the docstring's first line is the
method's help. A parameter annotated `Caller` is filled in by the server.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from jackfield.errors import JackfieldError

UNMASKED = "(unmasked)"


class Role(Enum):
    """Who may call a method; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the other side of the socket, by the kernel's word."""

    name: str
    """Login of the process's user, or `uid N`."""
    uid: int
    role: Role | None
    """None: a stranger, who may do nothing."""
    pid: int = 0


@dataclass(frozen=True)
class Method:
    """A method of the control API.

    `personal` answers hold data of persons (calls, records, recordings), `change` changes something: both are put into
    the audit log, with the caller and what it is about: `object` is a text with parameters in it, as in
    `{kind}:{name}`.
    """

    name: str
    function: Callable[..., Any]
    role: Role = Role.ADMIN
    personal: bool = False
    change: bool = False
    object: str = ""
    summary: str = ""

    @property
    def help(self) -> str:
        """One line for people."""
        return self.summary or (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def params(self) -> type[BaseModel]:
        """The model of the parameters."""
        return _model(self.name, self.function, self._caller_name)

    @cached_property
    def _caller_name(self) -> str | None:
        hints = _hints(self.function)
        return next((name for name, hint in hints.items() if hint is Caller), None)

    def call(self, params: Mapping[str, Any], caller: Caller) -> Any:
        """Validate the parameters and run the function.

        Raises:
            pydantic.ValidationError: the parameters are not what the model says.
            JackfieldError: refused.
        """
        model = self.params.model_validate(params)
        given = {name: getattr(model, name) for name in type(model).model_fields}
        if self._caller_name is not None:
            given[self._caller_name] = caller
        return self.function(**given)

    def shown(self, params: Mapping[str, Any]) -> str:
        """What a call is about, for the audit log; whether hidden numbers were asked for is always told."""
        about = self.object.format_map(_Shown(params))
        return f"{about} {UNMASKED}".strip() if params.get("unmask") is True else about

    def describe(self) -> dict[str, Any]:
        """For `describe`: everything that a program needs to call it."""
        return {
            "name": self.name,
            "help": self.help,
            "role": self.role.value,
            "personal": self.personal,
            "change": self.change,
            "params": self.params.model_json_schema(),
        }


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def by_name(methods: Iterable[Method]) -> dict[str, Method]:
    """Methods by name.

    Raises:
        JackfieldError: two have the same name.
    """
    found: dict[str, Method] = {}
    for method in methods:
        if method.name in found:
            raise JackfieldError(f"the control method {method.name!r} is there twice")
        found[method.name] = method
    return found


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    target = function if inspect.isroutine(function) else type(function).__call__
    hints = get_type_hints(target, include_extras=True)
    hints.pop("return", None)
    return hints


def _model(name: str, function: Callable[..., Any], caller: str | None) -> type[BaseModel]:
    hints = _hints(function)
    fields: dict[str, Any] = {
        each.name: (hints.get(each.name, Any), ... if each.default is each.empty else each.default)
        for each in inspect.signature(function).parameters.values()
        if each.name != caller
    }
    return create_model(f"{name}.params", __config__=ConfigDict(extra="forbid"), **fields)
