"""What core's own destinations need beside the call: users' states and what is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jackfield.core import Phones
    from jackfield.features.states import UserStates


@dataclass(frozen=True, slots=True)
class Desk:
    """The services behind the features."""

    states: UserStates
    phones: Phones

    def busy(self, extension: str) -> bool:
        """Whether an extension has a call."""
        return self.phones.busy(extension)
