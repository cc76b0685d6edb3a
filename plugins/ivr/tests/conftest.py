"""A caller with a script, and sites of menus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.prompt import Prompt
from jackfield.config.site import Site
from jackfield.errors import CallerHungUp
from jackfield_ivr.kinds import Menu


class ScriptedCall:
    """The verbs of `Call` that menus use. Each wait for a key takes the script's next item; '' lets time run out.

    The caller hangs up at the end of the script. A key typed while a prompt without keys plays is lost, as in Asterisk.
    """

    def __init__(self, site: Site, script: Iterable[str], lost_in_play: int = 0) -> None:
        self.site = site
        self.script: Iterator[str] = iter(script)
        self.lost_in_play = lost_in_play
        self.heard: list[str] = []
        self.waits: list[float] = []
        self.data: dict[str, str] = {}
        self.memo: dict[str, Any] = {}
        self.saved: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.language = "en"
        self.answered = False

    def answer(self, *, at_once: bool = False) -> None:
        self.answered = True

    def set_data(self, key: str, value: str) -> None:
        self.data[key] = value

    def checkpoint(self, **memo: Any) -> None:
        self.memo = memo
        self.saved.append((dict(self.data), memo))

    def play(
        self,
        sound: str | Sequence[str],
        *,
        keys: str = "",
        interruptible: bool = False,
        values: Mapping[str, Any] | None = None,
    ) -> str:
        assert self.answered
        assert not keys, "menus use ask() for prompts that keys may cut short"
        self.heard += [sound] if isinstance(sound, str) else sound
        for _ in range(self.lost_in_play):
            self._next()
        return ""

    def ask(
        self, sound: str | Sequence[str], *, digits: int = 1, seconds: float = 5.0, between: float = 3.0, end: str = "#"
    ) -> str:
        assert self.answered
        assert digits == 1
        assert end == "", "every key may be a choice"
        self.heard += [sound] if isinstance(sound, str) else sound
        return self.key(seconds)

    def key(self, seconds: float) -> str:
        self.waits.append(seconds)
        return self._next()

    def _next(self) -> str:
        try:
            return next(self.script)
        except StopIteration:
            raise CallerHungUp("the caller hung up") from None

    def restarted(self, script: Iterable[str]) -> ScriptedCall:
        """The call as a new daemon finds it: only what was saved has survived."""
        again = ScriptedCall(self.site, script)
        again.data, again.memo = (dict(part) for part in self.saved[-1])
        again.answered = True
        return again


def make_site(*menus: Menu, extensions: Iterable[str] = (), fallback: str = "prompt:sorry") -> Site:
    """A site with these menus and all prompts that they name."""
    names = {n for m in menus for n in (m.prompt, m.greeting, m.invalid, m.no_input) if n}
    return Site(
        {
            "general": [General(name="site", fallback=fallback)],
            "menu": menus,
            "prompt": [Prompt(name=n, text={"en": n}) for n in sorted(names)],
            "extension": [Extension(name=n) for n in extensions],
        }
    )


@pytest.fixture
def site() -> Any:
    return make_site


@pytest.fixture
def scripted() -> Any:
    return ScriptedCall
