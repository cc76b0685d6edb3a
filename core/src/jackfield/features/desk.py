"""What core's own destinations need beside the call: users' states and what is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield.config.objects.extension import extension_of

if TYPE_CHECKING:
    from jackfield.calls.service import CallService
    from jackfield.features.states import UserStates


@dataclass(frozen=True, slots=True)
class Desk:
    """The services behind the features."""

    states: UserStates
    calls: CallService

    def busy(self, extension: str) -> bool:
        """Whether an extension has a call."""
        return any(extension_of(channel.endpoint) == extension for channel in self.calls.registry.channels())

    def leads(self, number: str) -> str:
        """The destination of a number as people dial it, without codes; '' when it leads nowhere."""
        return self.calls.leads(number)
