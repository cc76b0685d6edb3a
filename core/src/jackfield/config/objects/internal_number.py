"""Numbers that phones dial for what is no phone: queues, menus, any destination."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from jackfield.config.kinds import Destination, SiteObject, Text


class InternalNumber(SiteObject):
    """A number inside for a destination: phones dial it, and transfer and forward calls to it."""

    name: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")] = Field(description="The number, as in 600")
    destination: Destination = Field(description="Where its calls go, as in queue:sales or ivr:main")
    title: Text = Field("", description="What it is, for people")
