"""Calls from phones: extensions and feature codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jackfield.config.objects.extension import Extension
from jackfield.config.phones import parking_of
from jackfield.config.site import Site


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """A code that people dial, as `*11`. Digits after the code are in `call.dialled_rest`."""

    code: str
    title: str
    destination: str
    rest: bool = False
    """Whether digits may follow the code."""


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
    if parking_of(site, dialled) is not None:
        return f"park:{dialled}", ""
    return "hangup:unallocated", ""
