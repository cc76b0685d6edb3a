"""What all screens of the console have: frame, breadcrumbs, help, trouble in words, and news when something happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from jackfield.i18n import LazyText
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from jackfield_admintui.client import Event, Trouble, Why
from jackfield_admintui.support import trace
from jackfield_admintui.texts import N_, told
from jackfield_admintui.widgets.frame import Crumbs, Hints, TopBar, TroublePanel

if TYPE_CHECKING:
    from jackfield_admintui.app import ConsoleApp

ACTIONS = "work"
"""The group of what a person has asked for."""
AGAIN_SECONDS = 1.0
"""However much happens, a screen asks anew at most so often."""


def translated(bindings: Mapping[str, ActiveBinding]) -> dict[str, ActiveBinding]:
    """Key hints in the language of the reader."""
    return {
        key: active._replace(binding=dataclasses.replace(active.binding, description=told(active.binding.description)))
        for key, active in bindings.items()
    }


class ConsoleScreen(Screen[Any]):
    """A screen of the console. See `README.md` for what a subclass defines."""

    heading: ClassVar[str] = ""
    """Its name in the breadcrumbs, marked with `N_`."""
    help_text: ClassVar[str] = ""
    """What it is for, for `?`; the keys are added by themselves."""
    topics: ClassVar[frozenset[str]] = frozenset()
    """Events after which `load` is run anew."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Action → the method of the control API it needs; its key is offered to those only who may call that."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back"), show=False),
        Binding("ctrl+r", "reload", N_("Ask anew"), show=False),
    ]
    DEFAULT_CSS = "ConsoleScreen { background: $background; }"

    def __init__(self) -> None:
        super().__init__()
        self.place = ""
        """Its name in the menu; the application sets it."""
        self._again: Timer | None = None
        self._stale = False
        self._refused = False
        """Whether an action of the person was refused: that stays until the next one, whatever is asked meanwhile."""

    # -- what a subclass defines -----------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """The widgets between breadcrumbs and key hints."""
        yield from ()

    async def load(self) -> None:
        """Ask the daemon and show what it says: at first, after events of `topics`, when the daemon is back.

        Raises:
            Trouble: it is shown in the panel.
        """

    def unsaved(self) -> str:
        """What would be lost if the screen were closed now, in words; '' when nothing would."""
        return ""

    def left(self) -> None:
        """The person leaves the screen, and knows what is lost."""

    @property
    def crumb(self) -> str:
        """The last of the breadcrumbs; a screen about one object adds its name."""
        return told(self.heading)

    # -- for subclasses --------------------------------------------------------------------------------------------

    @property
    def console(self) -> ConsoleApp:
        """The application."""
        return self.app  # type: ignore[return-value]

    async def ask(self, method: str, *, seconds: float = 30.0, **params: Any) -> Any:
        """The answer of a method of the control API. Raises Trouble."""
        return await self.console.link.ask(method, seconds=seconds, **params)

    def start(self, work: Coroutine[Any, Any, Any], *, group: str = ACTIONS) -> None:
        """Run something that asks the daemon; trouble goes into the panel. A second one of a group ends the first."""
        action = group == ACTIONS
        self.run_worker(self._guarded(work, action), group=group, exclusive=not action, exit_on_error=False)

    def reload(self) -> None:
        """Run `load`."""
        self._stale = False
        self.start(self._load(), group="load")

    def note(self, text: str) -> None:
        """Say something beside the breadcrumbs, as how many rows there are."""
        try:
            self.query_one(Crumbs).say(self.console.way(self), text)
        except NoMatches:
            pass

    def tell(self, trouble: Trouble | None) -> None:
        """Show trouble, or that it is over."""
        try:
            self.query_one(TroublePanel).tell(trouble)
        except NoMatches:
            pass

    # -- machinery -------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The frame, and the body in it."""
        yield TopBar()
        yield Crumbs()
        yield TroublePanel()
        yield from self.body()
        yield Hints()

    def on_mount(self) -> None:
        """First question."""
        self.note("")
        self.reload()

    def on_screen_resume(self) -> None:
        """What was missed while another screen was in front."""
        self.note("")
        if self._stale:
            self.reload()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """As Textual's, in the reader's language."""
        return translated(super().active_bindings)

    @property
    def own_bindings(self) -> dict[str, ActiveBinding]:
        """Those to which the console gives a meaning; Textual's scrolling and writing in a line are left out."""
        return translated(
            {
                key: active
                for key, active in super().active_bindings.items()
                if isinstance(active.binding.description, LazyText) or isinstance(active.node, Screen)
            }
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the person's role does not allow is not offered."""
        needed = self.needs.get(action)
        return needed is None or self.console.can(needed)

    def heard(self, events: list[Event]) -> None:
        """Events, in the order in which they came."""
        if any(event["event"] in self.topics for event in events):
            self.reload_soon()

    def reload_soon(self) -> None:
        """Run `load` now; when it ran just now, a little later, once."""
        if not self.is_current:
            self._stale = True
        elif self._again is None:
            self._again = self.set_timer(AGAIN_SECONDS, self._may_again)
            self.reload()
        else:
            self._stale = True

    def _may_again(self) -> None:
        self._again = None
        if self._stale and self.is_current:
            self.reload_soon()

    async def _dispatch_message(self, message: Message) -> None:
        """What goes wrong in a handler is told in the panel; Textual would end the console with a traceback."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if self in self.app.screen_stack:  # else it was closed before it had its widgets
                self.broken(error)

    def broken(self, error: Exception, *, stays: bool = True) -> None:
        """A mistake of the console's own: in the panel (it `stays` until the next action), and kept for support."""
        self._refused = self._refused or stays
        self.console.keep_for_support(trace(error))
        self.tell(Trouble(Why.BROKEN, f"{type(error).__name__}: {error}"))

    async def _load(self) -> None:
        await self.load()
        if not self._refused:
            self.tell(None)

    async def _guarded(self, work: Coroutine[Any, Any, Any], action: bool) -> None:
        if action:
            self.forget_refusal()
        try:
            await work
        except Trouble as trouble:
            if trouble.why is Why.AWAY:
                self._stale = True
            elif action:
                self._refused = True
            self.tell(trouble)
        except Exception as error:
            self.broken(error, stays=action)

    def forget_refusal(self) -> None:
        """The person goes on: what was refused is no news any more."""
        if self._refused:
            self._refused = False
            self.tell(None)

    def action_press(self, key: str) -> None:
        """A click on a key hint."""
        self.app.simulate_key(key)

    def action_back(self) -> None:
        """To the screen before."""
        self.console.go_back()

    def action_reload(self) -> None:
        """Ask anew."""
        self.forget_refusal()
        self.reload()
