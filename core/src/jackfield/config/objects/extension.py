"""Phones."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from jackfield.config.kinds import CallerName, Codec, Language, Secret, SiteObject, g711


class Extension(SiteObject):
    """A phone (T5). `name` is the number that others dial."""

    name: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")]
    title: CallerName = ""
    secret: Secret | None = Field(None, description="Generated at import when left out")
    codecs: list[Codec] = Field(default_factory=g711)
    language: Language | None = None
    ring_seconds: int = Field(30, ge=5, le=300)
    nat: bool = Field(True, description="Answer to where the phone's packets come from; no = to what the phone says")
