"""Destinations: `kind:name`, the kinds' handlers, and what a handler answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from jackfield.errors import UnsafeValue

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.site import Site

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
"""Names of objects: safe in dialplan, AGI, AMI, file names and URLs."""
DESTINATION_PATTERN = rf"[a-z][a-z0-9-]{{0,31}}:\+?{NAME_PATTERN}"
"""`+` is for numbers, as in `outbound:+442079460000`."""
_DESTINATION = re.compile(DESTINATION_PATTERN)


class Result(StrEnum):
    """How a call ended, from the caller's point of view (column `call.result`)."""

    ANSWERED = "answered"  # spoke with a person
    ABANDONED = "abandoned"  # hung up while waiting for a person
    UNANSWERED = "unanswered"  # nobody answered; we ended it
    COMPLETED = "completed"  # served by a machine to its end
    HUNG_UP = "hung-up"  # left before reaching anyone (in a menu, a message)
    REJECTED = "rejected"  # no route, blocked, refused
    FAILED = "failed"  # our fault


@dataclass(frozen=True, slots=True)
class Goto:
    """Go on to another destination; `outcome` goes on record for the step that ends."""

    destination: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """End the call. `cause` is a Q.850 cause (16 normal clearing, 17 busy, 1 unallocated)."""

    result: Result = Result.COMPLETED
    cause: int = 16
    outcome: str = ""


Next = Goto | End
Handler = Callable[["Call", str], Next]


@dataclass(frozen=True, slots=True)
class DestinationKind:
    """A kind of destination.

    `names` gives the names that exist in a site (for validation and completion); `None` means that any well-formed
    name will do. `person` says that the kind leads to a person: a caller who leaves there has abandoned. `objects` is
    the kind of site object that the names belong to, when it is called otherwise (`ivr:main` is a `menu`).
    """

    kind: str
    title: str
    handler: Handler
    names: Callable[[Site], Iterable[str]] | None = None
    person: bool = False
    objects: str = ""

    @property
    def object_kind(self) -> str:
        """Kind of the site objects that the names belong to."""
        return self.objects or self.kind


def split(destination: str) -> tuple[str, str]:
    """Split `kind:name`.

    Raises:
        UnsafeValue: when it is not of that form.
    """
    if not _DESTINATION.fullmatch(destination):
        raise UnsafeValue(f"{destination!r} is not a destination; write kind:name, as in queue:sales")
    kind, _, name = destination.partition(":")
    return kind, name
