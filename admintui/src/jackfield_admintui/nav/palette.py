"""What the command palette finds: screens, what the screen in front can do, and the objects of the site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Trouble
from jackfield_admintui.texts import _, told

if TYPE_CHECKING:
    from jackfield_admintui.app import ConsoleApp


class _Ours(Provider):
    @property
    def console(self) -> ConsoleApp:
        """The application."""
        return self.app  # type: ignore[return-value]


class Screens(_Ours):
    """Go to a screen."""

    async def discover(self) -> Hits:
        """All of them."""
        for entry in self.console.entries():
            yield DiscoveryHit(told(entry.title), partial(self.console.go, entry.name), help=str(entry.group.value))

    async def search(self, query: str) -> Hits:
        """Those that fit, also by their English names."""
        matcher = self.matcher(query)
        for entry in self.console.entries():
            title = told(entry.title)
            score = max(matcher.match(title), matcher.match(entry.name))
            if score > 0:
                help_text = str(entry.group.value)
                yield Hit(score, matcher.highlight(title), partial(self.console.go, entry.name), title, help_text)


class Actions(_Ours):
    """Everything that the keys of the screen in front do."""

    def _actions(self) -> Iterator[tuple[str, str, str]]:
        seen = set()
        bindings = self.screen.own_bindings if isinstance(self.screen, ConsoleScreen) else self.screen.active_bindings
        for active in bindings.values():
            words = told(active.binding.description)
            if words and active.enabled and active.binding.action not in seen:
                seen.add(active.binding.action)
                yield words, active.binding.action, self.app.get_key_display(active.binding)

    async def discover(self) -> Hits:
        """All of them."""
        for words, action, key in self._actions():
            yield DiscoveryHit(words, partial(self._run, action), help=key)

    async def search(self, query: str) -> Hits:
        """Those that fit."""
        matcher = self.matcher(query)
        for words, action, key in self._actions():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), partial(self._run, action), words, key)

    async def _run(self, action: str) -> None:
        focused = self.screen.focused or self.screen
        for node in focused.ancestors_with_self:
            if await self.app.run_action(action, node):
                return


class Objects(_Ours):
    """Objects of the site: a trunk, a queue, an extension by its name or title."""

    async def startup(self) -> None:
        """Ask once, when the palette opens."""
        self._found: list[tuple[str, str]] = []
        if self.console.can("site.list"):
            with suppress(Trouble):
                self._found = [(row["kind"], row["name"]) for row in await self.console.link.ask("site.list")]

    async def search(self, query: str) -> Hits:
        """Those that fit."""
        matcher = self.matcher(query)
        for kind, name in self._found:
            words = f"{kind} {name}"
            score = matcher.match(words)
            if score > 0:
                show = partial(self.console.show_object, kind, name)
                yield Hit(score, matcher.highlight(words), show, words, _("Object of the site"))
