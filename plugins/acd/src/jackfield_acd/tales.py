"""Stories of contacts that are gone, until they are on record.

Bounded, so that a database that is away costs no memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from jackfield_acd.model import Contact

KEPT = 2000


class Tales:
    """By call, one or more visits each. The caller holds the lock."""

    def __init__(self) -> None:
        self._gone: OrderedDict[str, list[Contact]] = OrderedDict()

    def add(self, contact: Contact) -> None:
        """A contact is gone from the engine."""
        self._gone.setdefault(contact.id, []).append(contact)
        while len(self._gone) > KEPT:
            self._gone.popitem(last=False)

    def of(self, call: str) -> list[Contact]:
        """Visits of a call that are not on record yet."""
        return list(self._gone.get(call, ()))

    def written(self, contacts: Iterable[Contact]) -> None:
        """These are on record."""
        for contact in contacts:
            left = [one for one in self._gone.get(contact.id, ()) if one is not contact]
            if left:
                self._gone[contact.id] = left
            else:
                self._gone.pop(contact.id, None)
