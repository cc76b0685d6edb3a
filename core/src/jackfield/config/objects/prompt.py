"""Prompts."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from jackfield.config.kinds import Language, SiteObject
from jackfield.i18n import sentences

S_ = sentences("jackfield")


def _words(value: str) -> str:
    if not any(c.isalnum() for c in value) or "\0" in value:
        raise ValueError("there is nothing to say in it; write words")
    return value


class Prompt(SiteObject):
    """A prompt (I2): text to be spoken, or a sound file, a language each."""

    text: dict[Language, Annotated[str, StringConstraints(max_length=4000), AfterValidator(_words)]] = Field(
        default_factory=dict, description="What is spoken"
    )
    file: dict[Language, Annotated[str, StringConstraints(max_length=1000)]] = Field(
        default_factory=dict, description="Path of a wav or flac file, read at import"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and not self.file:
            raise ValueError('give it text, as in text = { en = "Good morning" }, or a file')
        if both := sorted(self.text.keys() & self.file.keys()):
            raise ValueError(S_("has both text and file for {languages}; keep one of them", languages=", ".join(both)))
        return self
