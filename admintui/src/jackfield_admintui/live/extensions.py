"""Extensions as they are now: phones, do-not-disturb, forwards."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

STATES = {
    "idle": (N_("free"), "●", "good"),
    "in-use": (N_("talks"), "◆", "strong"),
    "ringing": (N_("rings"), "◔", "warn"),
    "on-hold": (N_("holds"), "‖", "warn"),
    "unavailable": (N_("no phone"), "✖", "bad"),
}


def state(row: Row) -> str:
    """Sign and word."""
    words, sign, _tone = STATES.get(str(row["state"]), (str(row["state"]), "·", ""))
    return f"{sign} {words!s}"


def forward(row: Row) -> str:
    """Where its calls go instead."""
    ways = {"forward_always": _("always"), "forward_busy": _("busy"), "forward_no_answer": _("no answer")}
    return ", ".join(f"{words} → {row[name]}" for name, words in ways.items() if row.get(name))


class Extensions(ListScreen):
    """Extensions, with what their users can set at their phones."""

    heading = N_("Extensions")
    help_text = N_(
        "Extensions and their phones as they are now. What a user can set at the phone can be set here too: "
        "do-not-disturb and forwards. Enter: settings of the extension."
    )
    topics = frozenset({"phone", "call", "site", "dropped"})
    method = "extensions"
    identity = "extension"
    empty = N_("No extensions yet.")
    with_details = True
    needs: ClassVar = {"dnd": "extension.set", "forward": "extension.set"}
    columns = (
        Column("extension", N_("Extension"), most=12),
        Column("title", N_("Name"), most=30, flex=True),
        Column("state", N_("State"), state, lambda row: STATES.get(str(row["state"]), ("", "", ""))[2], most=16),
        Column(
            "dnd", N_("Do not disturb"), lambda row: f"⊘ {_('on')}" if row["dnd"] else "", lambda row: "warn", drop=1
        ),
        Column("forward", N_("Forward"), forward, most=40, drop=2),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "dnd", N_("Do not disturb")),
        Binding("f", "forward", N_("Forward")),
    ]

    async def details(self, row: Row) -> Any:
        """Its phones and states."""
        phones = [
            (_("Phone {name}").format(name=each["name"]), f"● {_('there')}" if each["registered"] else f"✖ {_('away')}")
            for each in row["devices"]
        ]
        return facts(
            [(_("State"), state(row)), *phones, (_("Do not disturb"), row["dnd"]), (_("Forward"), forward(row))]
        )

    def open_row(self, row: Row) -> None:
        """Its settings."""
        self.console.show_object("extension", str(row["extension"]))

    def action_dnd(self) -> None:
        """Do-not-disturb on or off, for the marked ones too."""

        async def change() -> None:
            for row in self.grid.chosen_rows:
                await self.ask("extension.set", extension=row["extension"], dnd=not row["dnd"])
            self.reload()

        self.start(change())

    def action_forward(self) -> None:
        """All calls to another number."""
        row = self.current
        if row is None:
            return

        async def change(line: str) -> None:
            await self.ask("extension.set", extension=row["extension"], forward_always=line)

        question = _("Forward all calls of {extension} to").format(extension=row["extension"])
        self.prompt(question, change, value=row["forward_always"] or "", hint=_("a number; empty: no forward"))
