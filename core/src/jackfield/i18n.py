"""Texts that people read, in their language: gettext catalogues that each distribution brings itself.

A package keeps `locale/LANG/LC_MESSAGES/PACKAGE.po` in its source tree; `.mo` files are compiled when it is built
(`core/hatch_build.py`). What has no translation stays English. Spoken texts are not here: a `SoundRequest` carries
its languages with it.

    _ = gettext_for("jackfield_acd")          # translated where it is called: findings, messages
    _ = gettext_lazy("jackfield_acd")         # translated where it is shown: titles made while loading
    S_ = sentences("jackfield_acd")           # the same, with values: alarms, validators' errors

Descriptions of fields carry no mark: whoever shows one translates it with the catalogue of the model's package,
`translator("jackfield_acd", language)(field.description)`.
"""

from __future__ import annotations

import gettext
import json
import os
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")
_current: ContextVar[str] = ContextVar("language", default="en")


@lru_cache(maxsize=64)
def translator(package: str, language: str) -> Callable[[str], str]:
    """A function that translates a package's texts; texts without a translation come back as they are.

    Args:
        package: import name of the package that brings the catalogue, as in `jackfield_acd`.
        language: one of LANGUAGES; another one means English.
    """
    folder = str(files(package) / "locale")
    return gettext.translation(package, folder, languages=[language], fallback=True).gettext


def gettext_for(package: str) -> Callable[[str], str]:
    """Translate a package's texts into the language in use when the function is called."""

    def translate(text: str) -> str:
        return translator(package, _current.get())(text)

    return translate


class LazyText(str):
    """English as a value, the language in use when it is formatted or printed (`str(…)`, `f"{…}"`)."""

    __slots__ = ("package",)
    package: str

    def __str__(self) -> str:
        return translator(self.package, _current.get())(str.__str__(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def gettext_lazy(package: str) -> Callable[[str], LazyText]:
    """Mark a package's texts that are made once and shown later, as the title of a kind."""

    def mark(text: str) -> LazyText:
        lazy = LazyText(text)
        lazy.package = package
        return lazy

    return mark


class Sentence(str):
    """A text with values in it: English as a value, the language in use when it is formatted or printed.

    It remembers what it is made of, so that it can be kept, and read in any language later.
    """

    __slots__ = ("package", "template", "values")
    package: str
    template: str
    values: Mapping[str, Filling]

    def __str__(self) -> str:
        return self.in_language(_current.get())

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def in_language(self, language: str) -> str:
        """The sentence in a language; English where there is no translation."""
        return from_words(self.words(), str.__str__(self), language)

    def plain(self) -> dict[str, object]:
        """What it is made of."""
        values = {key: value.plain() if isinstance(value, Sentence) else value for key, value in self.values.items()}
        return {"package": self.package, "template": self.template, "values": values}

    def words(self) -> str:
        """What it is made of, as JSON: for `from_words`."""
        return json.dumps(self.plain())


Filling = str | int | float
"""What may stand in a sentence; a sentence too."""


def sentences(package: str) -> Callable[..., Sentence]:
    """Make a package's sentences with values: `S_("Trunk {trunk} is away", trunk=name)`.

    The template is marked for translation. Values are numbers, sentences, or are taken as text.
    """

    def make(template: str, /, **values: object) -> Sentence:
        filled: dict[str, Filling] = {
            key: value if isinstance(value, int | float | Sentence) else str(value) for key, value in values.items()
        }
        english = {key: str.__str__(value) if isinstance(value, Sentence) else value for key, value in filled.items()}
        sentence = Sentence(template.format(**english))
        sentence.package, sentence.template, sentence.values = package, template, filled
        return sentence

    return make


def words_of(text: str) -> str:
    """What a text is made of, if it is a `Sentence`; else ''."""
    return text.words() if isinstance(text, Sentence) else ""


def from_words(words: str, english: str, language: str) -> str:
    """A text in a language.

    Args:
        words: what `words_of` gave; '' when nothing but the text is known.
        english: the text itself, for when there is no translation.
        language: one of LANGUAGES.
    """
    if not words or language == "en":
        return english
    try:
        known = json.loads(words)
        return english if _translated(known, language) is None else _filled(known, language)
    except (ValueError, LookupError, TypeError, AttributeError, ImportError):
        return english


def _translated(known: dict[str, Any], language: str) -> str | None:
    """The template in a language; None when the catalogue does not know it: then nothing is filled in.

    A package may be gone, or speak otherwise now.
    """
    found = translator(known["package"], language)(known["template"])
    return None if found == known["template"] else found


def _filled(known: dict[str, Any], language: str) -> str:
    values = {key: _filled(v, language) if isinstance(v, dict) else v for key, v in known["values"].items()}
    return (_translated(known, language) or known["template"]).format(**values)


def language_in_use() -> str:
    """The language of this thread (or task)."""
    return _current.get()


def use(language: str) -> None:
    """Set the language of this thread (or task) from here on."""
    _current.set(language)


def current() -> str:
    """The language of this thread (or task)."""
    return _current.get()


def from_environment(environment: Mapping[str, str] | None = None) -> str:
    """The language that a person at a terminal wants: LANGUAGE, LC_ALL, LC_MESSAGES or LANG, the first that is set."""
    env = os.environ if environment is None else environment
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            word = env[name].split(":")[0].split("_")[0].split(".")[0].lower()
            return word if word in LANGUAGES else "en"
    return "en"
