"""Prompts: what is said to callers. Written, heard at a phone, recorded at a phone, or taken from a file."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.confirm import Prompt
from jackfield_admintui.editing.errands import ring
from jackfield_admintui.editing.objects import Objects
from jackfield_admintui.editing.pick import Pick
from jackfield_admintui.texts import N_, _, plain

LANGUAGES = (("en", N_("English")), ("zh", N_("Chinese")))
MOST_BYTES = 15_000_000
"""Of a file: what one request of the control API holds."""


class Prompts(Objects):
    """What is said."""

    kind, heading = "prompt", N_("Prompts")
    help_text = N_(
        "What is said to callers: a text that is spoken, or a recording, one for each language. l rings a phone of "
        "yours and plays the prompt as it is in the draft; r rings it and records what you say; f takes a wav or flac "
        "file of this machine; n makes a prompt of a text. Callers hear it once you have applied the plan."
    )
    needs: ClassVar[Mapping[str, str]] = {
        **Objects.needs, "listen": "prompts.listen", "record": "prompts.record", "file": "site.sound",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "listen", N_("Listen")),
        Binding("r", "record", N_("Record")),
        Binding("f", "file", N_("File")),
        Binding("c", "copy", N_("Copy"), show=False),
        Binding("b", "bulk", N_("Change"), show=False),
        Binding("u", "undo", N_("Undo"), show=False),
    ]

    def action_listen(self) -> None:
        """The cursor's prompt at a phone."""
        if (row := self.current) is None:
            return
        name = str(row["name"])
        has = self._languages(name)
        self._language([each for each in LANGUAGES if each[0] in has], lambda language: ring(
            self, "prompts.listen", _("Listen to {name} at which phone?").format(name=plain(name)),
            prompt=name, language=language,
        ))  # fmt: skip

    def action_record(self) -> None:
        """A prompt, new or not, at a phone."""

        def named(name: str | None) -> None:
            if name:
                self._language(list(LANGUAGES), lambda language: self._record(name, language))

        self._ask_name(_("Record which prompt?"), named)

    def _record(self, name: str, language: str) -> None:
        question = _("Record {name} at which phone?").format(name=plain(name))
        ring(self, "prompts.record", question, lambda good: self.reload(), prompt=name, language=language)

    def action_file(self) -> None:
        """A file for a prompt, new or not."""

        def named(name: str | None) -> None:
            if name:
                self._language(list(LANGUAGES), lambda language: self._ask_file(name, language))

        self._ask_name(_("A file for which prompt?"), named)

    def _ask_name(self, question: str, then: Callable[[str | None], None]) -> None:
        name = str(self.current["name"]) if self.current is not None else ""
        self.app.push_screen(Prompt(question, value=name, detail=_("Another name makes a new prompt.")), then)

    def _ask_file(self, name: str, language: str) -> None:
        question = _("Which file says {name}?").format(name=plain(name))
        detail = _("Path of a wav or flac file on the machine where this console runs; at most five minutes.")

        def given(path: str | None) -> None:
            if path:
                self.start(self._take(name, language, Path(path).expanduser()))

        self.app.push_screen(Prompt(question, hint="/home/me/welcome.wav", detail=detail), given)

    async def _take(self, name: str, language: str, path: Path) -> None:
        self.note(_("reading {path} …").format(path=plain(path.name)))
        data = await asyncio.to_thread(_contents, path)
        kept = await self.ask("site.sound", data=base64.b64encode(data).decode(), seconds=120.0)
        fields = self._objects[name]["fields"] if name in self._objects else {}
        text = {tongue: words for tongue, words in fields.get("text", {}).items() if tongue != language}
        file = {**fields.get("file", {}), language: kept["file"]}
        revision = self._objects[name]["revision"] if name in self._objects else 0
        change = {"kind": self.kind, "name": name, "fields": {"text": text, "file": file}, "expected": revision}
        await self.ask("site.change", changes=[change], what=f"prompt {name} from a file"[:80])
        self.notify(_("{name} is in the draft; l plays it to you.").format(name=plain(name)))
        self.reload()

    def _languages(self, name: str) -> set[str]:
        fields = self._objects.get(name, {}).get("fields", {})
        return {*fields.get("text", {}), *fields.get("file", {})}

    def _language(self, offered: list[tuple[str, Any]], then: Callable[[str], None]) -> None:
        """Which language, when there are several."""
        if len(offered) == 1:
            then(offered[0][0])
            return
        rows = [{"value": tongue, "about": str(word)} for tongue, word in offered]
        self.app.push_screen(Pick(_("Which language?"), rows), lambda chosen: then(chosen) if chosen else None)


def _contents(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        Trouble: it cannot be read, or is too large.
    """
    try:
        if not path.is_file():
            raise Trouble(Why.REFUSED, _("There is no file {path}.").format(path=plain(path)))
        if path.stat().st_size > MOST_BYTES:
            text = _("{path} is larger than {size} MB; shorten it, or make a flac file of it.")
            raise Trouble(Why.REFUSED, text.format(path=plain(path), size=MOST_BYTES // 1_000_000))
        return path.read_bytes()
    except OSError as error:
        text = _("{path} cannot be read: {error}.").format(path=plain(path), error=error.strerror or error)
        raise Trouble(Why.REFUSED, text) from None
