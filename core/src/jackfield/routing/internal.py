"""Calls from phones: feature codes, extensions, internal numbers, parking slots."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from jackfield.config.objects.extension import Extension
from jackfield.config.objects.internal_number import InternalNumber
from jackfield.config.phones import parking_of
from jackfield.config.site import Site

NOBODY = "hangup:unallocated"
_CODE = re.compile(r"[*#][0-9*#]{1,9}")


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """A code that people dial, as `*11`. Digits after the code are in `call.dialled_rest`."""

    code: str
    title: str
    destination: str
    rest: bool = False
    """Whether digits may follow the code."""
    transfer: bool = False
    """Whether a call may be transferred to it; what acts for the phone that dials must not be in a stranger's hands."""

    def __post_init__(self) -> None:
        """No number that people have can be a code.

        Raises:
            ValueError: the code does not begin with * or #.
        """
        if not _CODE.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is no feature code; write * or #, and digits, as in *11")


def transferable(codes: Iterable[FeatureCode]) -> list[FeatureCode]:
    """Codes to which calls may be transferred. The others are still known: nothing else is reached by them."""
    return [code if code.transfer else replace(code, destination=NOBODY) for code in codes]


def find(site: Site, codes: Iterable[FeatureCode], dialled: str) -> tuple[str, str]:
    """Where a number dialled at a phone leads.

    Args:
        site: the site.
        codes: feature codes, longest first.
        dialled: what was dialled.

    Returns:
        The destination, and the digits after a feature code.
    """
    for code in codes:
        if dialled == code.code or (code.rest and dialled.startswith(code.code)):
            return code.destination, dialled[len(code.code) :]
    if site.get("extension", dialled, Extension) is not None:
        return f"extension:{dialled}", ""
    if (number := site.get("internal-number", dialled, InternalNumber)) is not None:
        return number.destination, ""
    if parking_of(site, dialled) is not None:
        return f"park:{dialled}", ""
    return NOBODY, ""
