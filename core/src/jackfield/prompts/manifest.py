"""Which sound file belongs to a prompt: `sounds.json` of a generation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


class Manifest:
    """Names of prompts to sound files, a language each."""

    def __init__(self, folder: Path, language: str, sounds: Mapping[str, Mapping[str, str]]) -> None:
        """`language` is the site's; `sounds` is `{language: {name: "jf/NAME-HASH"}}` below `folder`."""
        self._folder = folder
        self._language = language
        self._sounds = sounds

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
        return cls(Path(data["folder"]), data["language"], data["sounds"])

    def to_json(self) -> str:
        """The manifest as JSON."""
        data = {"folder": str(self._folder), "language": self._language, "sounds": self._sounds}
        return json.dumps(data, indent=1, sort_keys=True)

    def file(self, name: str, language: str) -> str | None:
        """Absolute path without extension, as Asterisk plays it; in the site's language, or any, when there is none."""
        for candidate in (language, self._language, *sorted(self._sounds)):
            if found := self._sounds.get(candidate, {}).get(name):
                return str(self._folder / candidate / found)
        return None

    def said(self) -> list[tuple[str, str]]:
        """(`LANGUAGE_NAME`, file as `file` gives it) of every prompt in every language."""
        names = sorted({name for of in self._sounds.values() for name in of})
        return [(f"{lang}_{n}", f) for lang in sorted(self._sounds) for n in names if (f := self.file(n, lang))]

    def stems(self) -> set[Path]:
        """All sound files, without extension."""
        return {self._folder / lang / sound for lang, names in self._sounds.items() for sound in names.values()}
