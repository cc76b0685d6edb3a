"""What the site in force says of a number: the inbound routes that it has, the lists of callers that it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from jackfield.config import number_sets
from jackfield.config.references import dependents
from jackfield.config.site import Site
from jackfield.control.method import Method, Role
from jackfield.routing.inbound import InboundRoutes

if TYPE_CHECKING:
    from jackfield.calls.service import CallService

Number = Annotated[str, Field(pattern=r"^\+?[0-9]{2,32}$", description="A number; a + in front does not count")]
MOST = 20


def whose(site: Site, routes: InboundRoutes, number: str) -> list[dict[str, str]]:
    """Kind and name of each object that has the number, and in `about` what that means.

    Left out are routes of any number whatever (`_!`, `_X.`): they would be there for each.
    """
    found = [
        {"kind": "did", "name": did.name, "about": f"{did.number} → {did.destination}"}
        for did in routes.having(number)
        if _narrow(did.number, number)
    ]
    for one in routes.lists(number.lstrip("+")):
        users = ", ".join(dependents(site, "caller-list", one.name)[:MOST])
        found.append({"kind": "caller-list", "name": one.name, "about": users})
    return found[:MOST]


def methods(calls: CallService) -> list[Method]:
    """Control methods."""

    def find(number: Number) -> list[dict[str, str]]:
        """What a number is in the site in force: inbound routes that take it, and lists of callers that it is on."""
        return whose(calls.site, calls.routes, number)

    return [Method("numbers.find", find, Role.OPERATOR, personal=True, object="{number}")]


def _narrow(text: str, number: str) -> bool:
    blocks = number_sets.parse(text).blocks
    return any(block.fits(number.lstrip("+")) and (block.more is None or block.prefix) for block in blocks)
