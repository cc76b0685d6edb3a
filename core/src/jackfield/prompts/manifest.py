"""Which sound file belongs to a prompt: `sounds.json` of a generation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Table = dict[str, dict[str, T]]
"""`{language: {name of a prompt: …}}`."""


class Manifest:
    """Names of prompts to sound files, a language each."""

    def __init__(
        self, folder: Path, language: str, sounds: Table[str], patterns: Table[list[str]] | None = None
    ) -> None:
        """What is where.

        Args:
            folder: of all sounds.
            language: the site's.
            sounds: `{language: {name: "jf/NAME-HASH"}}` below `folder`.
            patterns: the parts of prompts with values in them: `{language: {name: ["NAME~1", "{amount}"]}}`.
        """
        self._folder = folder
        self._language = language
        self._sounds = sounds
        self._patterns = patterns or {}

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        return cls.from_json(path.read_text())

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(Path(data["folder"]), data["language"], data["sounds"], data.get("patterns"))

    def to_json(self) -> str:
        """The manifest as JSON."""
        data = {
            "folder": str(self._folder),
            "language": self._language,
            "sounds": self._sounds,
            "patterns": self._patterns,
        }
        return json.dumps(data, indent=1, sort_keys=True)

    def file(self, name: str, language: str) -> str | None:
        """Absolute path without extension, as Asterisk plays it; in the site's language, or any, when there is none."""
        for candidate in (language, self._language, *sorted(self._sounds)):
            if found := self._sounds.get(candidate, {}).get(name):
                return str(self._folder / candidate / found)
        return None

    def said(self) -> list[tuple[str, str]]:
        """(`LANGUAGE_NAME`, file as `file` gives it) of every prompt in every language."""
        names = sorted({name for of in self._sounds.values() for name in of if "~" not in name})  # no parts of prompts
        return [(f"{lang}_{n}", f) for lang in sorted(self._sounds) for n in names if (f := self.file(n, lang))]

    def parts(self, name: str, language: str) -> list[str] | None:
        """Of a prompt with values in it: the names of its sounds and `{value}`, in order. None for any other prompt.

        In the language in which `file` would find it.
        """
        for candidate in (language, self._language, *sorted(self._sounds)):
            if name in self._sounds.get(candidate, {}):
                return None
            if found := self._patterns.get(candidate, {}).get(name):
                return found
        return None

    def stems(self) -> set[Path]:
        """All sound files, without extension."""
        return {self._folder / lang / sound for lang, names in self._sounds.items() for sound in names.values()}
