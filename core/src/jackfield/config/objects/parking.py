"""Where calls are parked."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from jackfield.config.kinds import Destination, MusicClass, SiteObject
from jackfield.i18n import sentences

S_ = sentences("jackfield")
MAX_SLOTS = 100
_Slot = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")]


class Parking(SiteObject):
    """A parking lot (T5): a parked caller hears music until somebody dials the slot."""

    first: _Slot = Field(description="Number of the first slot, as in 701; who dials it takes the call that is there")
    last: _Slot = Field(description="Number of the last slot, as in 720")
    return_seconds: int = Field(120, ge=5, le=7200, description="After so long a call goes back to who parked it")
    returns: int = Field(3, ge=1, le=100, description="How often; then it goes to lost")
    music: MusicClass = Field("default", description="Music class that a parked caller hears")
    lost: Destination | None = Field(
        None, description="Where a call goes that nobody takes; the site's fallback if empty"
    )

    @model_validator(mode="after")
    def _range(self) -> Self:
        if len(self.first) != len(self.last) or not int(self.first) <= int(self.last) < int(self.first) + MAX_SLOTS:
            raise ValueError(
                S_(
                    "first and last must have as many digits, and be at most {most} slots, as in 701 to 720",
                    most=MAX_SLOTS,
                )
            )
        return self

    def slots(self) -> list[str]:
        """All slots, in order."""
        return [str(n).zfill(len(self.first)) for n in range(int(self.first), int(self.last) + 1)]
