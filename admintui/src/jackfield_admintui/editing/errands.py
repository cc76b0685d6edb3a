"""Errands of a phone: choosing one, and following what becomes of it (hear a prompt, record one, a test call)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Button, Label, Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event, Trouble
from jackfield_admintui.confirm import BOX, Modal
from jackfield_admintui.editing.pick import Pick
from jackfield_admintui.texts import N_, _, plain, told

Row = Mapping[str, Any]
OVER = frozenset({"done", "failed"})
ORDER = {
    "listen": ("ringing", "playing"),
    "record": ("ringing", "recording", "review", "keeping"),
    "test-call": ("ringing", "connected"),
}
"""The states of each kind of errand, in order; after them it is over."""
STATES = {
    "ringing": N_("The phone {phone} rings: answer it"), "playing": N_("It is played"),
    "recording": N_("Speak after the tone; # ends it"),
    "review": N_("It is played back. At the phone: 1 keeps it, 2 plays it again, 3 records anew"),
    "keeping": N_("It is put into the draft"), "connected": N_("The call takes its way"),
}  # fmt: skip
TITLES = {"listen": N_("Listen: {what}"), "record": N_("Record: {what}"), "test-call": N_("Test call: {what}")}
GOOD, BAD, NOW, LATER = "✔", "✖", "▸", " "
GATHER_SECONDS = 0.1
"""However much happens, it is asked at most so often."""
RING_SECONDS = 60.0
"""A text is spoken before its phone rings; that takes a moment."""
last_phone = [""]
"""The phone that was chosen last: offered first."""


async def choose_phone(screen: ConsoleScreen, question: str, then: Callable[[str], None]) -> None:
    """Ask which phone is to ring; only those that are registered are offered. Raises Trouble."""
    rows = [
        {"value": each["extension"], "about": each["title"]}
        for each in await screen.ask("extensions")
        if any(device["registered"] for device in each["devices"])
    ]
    rows.sort(key=lambda row: row["value"] != last_phone[0])

    def chosen(phone: str | None) -> None:
        if phone is not None:
            last_phone[0] = phone
            then(phone)

    empty = _("No phone is registered. Set one up (First set-up shows how), then come back.")
    screen.app.push_screen(Pick(question, rows, empty=empty), chosen)


def place_of(errand: Row) -> int:
    """How many of its states are behind an errand that is under way, or came to a good end; 0 of one that failed."""
    states = ORDER[errand["kind"]]
    if errand["state"] == "done":
        return len(states)
    return states.index(errand["state"]) if errand["state"] in states else 0


def lines(errand: Row, reached: int) -> Text:
    """How far an errand is: what is behind it (so many states), where it is, what comes."""
    out, over = Text(), errand["state"] in OVER
    for place, state in enumerate(ORDER[errand["kind"]]):
        sign = GOOD if place < reached else NOW if place == reached and not over else LATER
        text = told(STATES[state]).format(phone=plain(errand["phone"]))
        out.append(f"{sign} {text}\n", style="bold" if sign == NOW else "" if sign == GOOD else "dim")
    out.append_text(way(errand))
    if errand["state"] == "failed":
        out.append(f"{BAD} {plain(errand['reason'])}\n", style="bold")
    elif over:
        out.append(f"{GOOD} " + _("Over.") + "\n", style="bold")
    return out


def way(errand: Row) -> Text:
    """Of a test call: where it has been, and who has answered."""
    out = Text()
    for step in errand.get("steps", ()):
        if not step["destination"].startswith("errand:"):
            out.append(f"  → {plain(step['destination'])}")
            out.append(f"  {plain(step['outcome'])}\n" if step["outcome"] else "\n")
    for leg in errand.get("legs", ()):
        if leg["role"] == "caller":
            continue
        who = leg["number"] + (f" ({leg['agent']})" if leg["agent"] else "")
        said = _("answered") if leg["answered_at"] else _("not answered") if leg["ended_at"] else _("rings")
        out.append(f"    ☎ {plain(who)}: {said}\n", style="bold" if leg["answered_at"] else "")
    return out


class ErrandBox(Modal[bool]):
    """What becomes of an errand, as it happens; its result is whether it came to a good end."""

    DEFAULT_CSS = BOX.format(name="ErrandBox", edge="$primary")

    def __init__(self, screen: ConsoleScreen, errand: Row) -> None:
        super().__init__()
        self._screen, self._errand = screen, dict(errand)
        self._reached = 0
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, how far it is, a button."""
        what = self._errand["prompt"] or self._errand["number"] or _("a text")
        with Vertical():
            title = told(TITLES[self._errand["kind"]]).format(what=plain(what))
            yield Label(title, classes="question", markup=False)
            yield Static(lines(self._errand, 0), id="far")
            with Horizontal():
                yield Button(_("Close"), id="close")

    def on_mount(self) -> None:
        """Events from now on."""
        self._screen.console.listeners.append(self._heard)
        self._ask()

    def on_unmount(self) -> None:
        """No more."""
        self._screen.console.listeners.remove(self._heard)

    def _heard(self, events: list[Event]) -> None:
        mine = any(e["event"] in ("errand", "call") and e["data"].get("id") == self._errand["id"] for e in events)
        # That a phone rings for a test call is told of the phone, not of the call.
        rings = self._errand["state"] == "connected" and any(e["event"] == "phone" for e in events)
        if (mine or rings) and self._soon is None:
            self._soon = self.set_timer(GATHER_SECONDS, self._ask)

    def _ask(self) -> None:
        self._soon = None
        self.run_worker(self._look(), group="errand", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        try:
            self._errand = await self._screen.ask("errands.show", errand=self._errand["id"])
        except Trouble:
            return  # the daemon starts anew; it tells the state when the call is back
        # Recorded anew, it goes back to an earlier state; of a failure nobody says at which state it was.
        self._reached = self._reached if self._errand["state"] == "failed" else place_of(self._errand)
        self.query_one("#far", Static).update(lines(self._errand, self._reached))

    @on(Button.Pressed)
    def pressed(self) -> None:
        """Close; the call goes on."""
        self.dismiss(self._errand["state"] == "done")

    def action_leave(self) -> None:
        """Close; the call goes on."""
        self.pressed()


def ring(
    screen: ConsoleScreen, method: str, question: str, then: Callable[[bool], None] | None = None, **params: Any
) -> None:
    """Choose a phone, ring it, and follow what becomes of it; `then` is told whether it went well."""

    async def begin(phone: str) -> None:
        errand = await screen.ask(method, phone=phone, seconds=RING_SECONDS, **params)
        screen.app.push_screen(ErrandBox(screen, errand), lambda good: then(bool(good)) if then else None)

    screen.start(choose_phone(screen, question, lambda phone: screen.start(begin(phone))))
