"""What the control socket offers of bindings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from jackfield.control.method import Caller, Method, Role
from jackfield.control.protocol import Code, Refusal
from jackfield.privacy.bindings import Bindings

Party = Annotated[str, Field(max_length=40, description="A number, in the site's form or E.164")]
Unmask = Annotated[bool, Field(description="With the real numbers; administrators only")]


def check_unmask(caller: Caller, unmask: bool) -> None:
    """Let administrators alone see real numbers.

    Raises:
        Refusal: the caller is none, and asks for them.
    """
    if unmask and (caller.role is None or not caller.role.covers(Role.ADMIN)):
        raise Refusal(Code.DENIED, "only an administrator may see the real numbers; leave unmask out")


def methods(bindings: Bindings) -> list[Method]:
    """Control methods."""

    def bind(
        caller: Caller,
        a: Party,
        b: Party,
        lifetime: Annotated[float, Field(description="Seconds", gt=0)],
        x: Annotated[str | None, Field(max_length=40, description="The middle number; a free one if left out")] = None,
        pool: Annotated[str | None, Field(max_length=64, description="The pool, if there are several")] = None,
        record: Annotated[bool, Field(description="Record the talks")] = False,
        author: Annotated[str, Field(max_length=64, description="Who asked; you, if left out")] = "",
    ) -> dict[str, Any]:
        """Bind two parties: who of them calls X reaches the other."""
        made = bindings.bind(a, b, seconds=lifetime, x=x, pool=pool, record=record, author=author or caller.name)
        return made.as_json()

    def unbind(id: int) -> dict[str, Any]:
        """End a binding."""
        return bindings.unbind(id).as_json()

    def list_(caller: Caller, unmask: Unmask = False) -> list[dict[str, Any]]:
        """Live bindings, the first to end first."""
        check_unmask(caller, unmask)
        return [one.as_json(masked=not unmask) for one in bindings.live()]

    return [
        Method("privacy.bind", bind, Role.OPERATOR, change=True, object="{x}"),
        Method("privacy.unbind", unbind, Role.OPERATOR, change=True, object="{id}"),
        Method("privacy.list", list_, Role.OPERATOR, personal=True),
    ]
