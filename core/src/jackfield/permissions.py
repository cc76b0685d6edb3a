"""What a plugin may do, as it declares it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from jackfield.errors import JackfieldError


class Permission(StrEnum):
    """What a plugin says of itself that it does, shown before it is enabled.

    `DIAL_OUT` is enforced: without it `call.dial` to a trunk is a fault of the plugin. The others are promises: a
    plugin runs in the daemon's process and could break them, so install plugins of people that you trust.

    >>> Permission("dial-out").value
    'dial-out'
    """

    NETWORK = "network"
    """Speaks to other machines."""
    FILES = "files"
    """Reads or writes files beside its database tables."""
    DIAL_OUT = "dial-out"
    """Calls numbers outside, which costs money."""
    PERSONAL_DATA = "personal-data"
    """Keeps data of callers or staff."""


EVERYTHING = frozenset(Permission)


def declared_permissions(instance: Any) -> frozenset[Permission]:
    """The attribute `permissions` of a plugin object; none without it.

    Raises:
        JackfieldError: it names something that is none.
    """
    given: Iterable[Any] = getattr(instance, "permissions", ())
    try:
        return frozenset(Permission(each) for each in given)
    except (TypeError, ValueError) as error:
        known = ", ".join(Permission)
        raise JackfieldError(f"permissions: {error}; there are: {known}") from None
