"""The `menu` kind of site object."""

from __future__ import annotations

from typing import Annotated, Self

from jackfield.config.kinds import Destination, Language, Name, Onward, Refers, SiteObject, Text
from pydantic import Field, StringConstraints, model_validator

Keys = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,6}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
PromptName = Annotated[Name, Refers("prompt")]


class Menu(SiteObject):
    """A menu (I1). Callers reach it as `ivr:NAME`; a key that leads to another `ivr:` makes it a level of several."""

    title: Text = Field("", description="What people call this menu")
    prompt: PromptName = Field(description="Prompt that tells the choices")
    greeting: PromptName | None = Field(None, description="Prompt played once a call, before the choices")
    keys: dict[Keys, Destination] = Field(default_factory=dict, description="Where each key, or row of keys, leads")
    languages: dict[Key, Language] = Field(
        default_factory=dict,
        description="Keys that change the language; such a key may be in `keys` too, else the menu is read again",
    )
    dial_extensions: bool = Field(False, description="Whether callers may dial an extension's number here")
    repeat_key: Key | None = Field(None, description="Reads the menu again")
    back_key: Key | None = Field(None, description="Goes to the menu that the caller came from")
    timeout_seconds: float = Field(5.0, ge=1, le=60, description="Wait for the first key after the prompt")
    between_seconds: float = Field(2.0, ge=0.5, le=10, description="Wait for a further key when one could follow")
    tries: int = Field(3, ge=1, le=10, description="Times that the caller may say nothing or press a wrong key")
    invalid: PromptName | None = Field(None, description="Prompt after a wrong key, instead of the built-in one")
    no_input: PromptName | None = Field(None, description="Prompt after no key, instead of the built-in one")
    on_timeout: Annotated[Destination | None, Onward("silent", or_fallback=True)] = Field(
        None, description="After the last try without a key; else the fallback"
    )
    on_invalid: Annotated[Destination | None, Onward("wrong", or_fallback=True)] = Field(
        None, description="After the last try with a wrong key; else the fallback"
    )

    @model_validator(mode="after")
    def _one_use_a_key(self) -> Self:
        uses = [*self.keys, *(k for k in self.languages if k not in self.keys)]
        uses += [k for k in (self.repeat_key, self.back_key) if k is not None]
        twice = sorted({k for k in uses if uses.count(k) > 1})
        if twice:
            raise ValueError(f"key {', '.join(twice)} has more than one use; give each key one")
        if not uses and not self.dial_extensions:
            raise ValueError("no key does anything; add `keys`, or use a prompt: destination instead")
        return self
