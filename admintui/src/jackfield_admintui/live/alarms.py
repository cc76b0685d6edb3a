"""Alarms: what is wrong, since when, and who looks after it."""

from __future__ import annotations

from typing import Any, ClassVar

from jackfield import i18n
from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, ago, clock, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

SIGNS = {"critical": "✖", "warning": "▲", "notice": "ℹ"}
WORDS = {"critical": N_("critical"), "warning": N_("warning"), "notice": N_("notice")}
TONES = {"critical": "bad", "warning": "warn"}


def severity(row: Row) -> str:
    """Sign and word."""
    name = str(row.get("severity"))
    return f"{SIGNS.get(name, '?')} {WORDS.get(name, name)!s}"


class Alarms(ListScreen):
    """Alarms that are up, worst first."""

    heading = N_("Alarms")
    help_text = N_(
        "What is wrong now, worst first. An alarm goes by itself when its cause is gone. Acknowledge one to say that "
        "somebody looks after it: it does not escalate any more."
    )
    topics = frozenset({"alarm", "dropped"})
    identity = "key"
    empty = N_("No alarms: all is well.")
    with_details = True
    needs: ClassVar = {"acknowledge": "alarms.ack", "clear": "alarms.clear", "test": "alarms.test"}
    columns = (
        Column("severity", N_("Severity"), severity, lambda row: TONES.get(str(row.get("severity")), ""), most=14),
        Column("text", N_("What"), most=200, flex=True),
        Column("raised_at", N_("For"), lambda row: span(ago(row.get("raised_at"))), right=True),
        Column("ack", N_("Looked after by"), lambda row: row.get("acknowledged_by"), most=16, drop=1),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", N_("Acknowledge")),
        Binding("x", "clear", N_("Clear")),
        Binding("h", "history", N_("History")),
        Binding("T", "test", N_("Test alarm"), show=False),
    ]

    async def rows(self) -> list[Row]:
        """In the reader's language."""
        found: list[Row] = await self.ask("alarms", language=i18n.current())
        return found

    async def details(self, row: Row) -> Any:
        """All that is known of an alarm."""
        return facts(
            [
                (_("What"), row.get("text")),
                (_("Severity"), severity(row)),
                (_("Since"), clock(row.get("raised_at"), date=True)),
                (_("Times"), row.get("count")),
                (_("Looked after by"), row.get("acknowledged_by")),
                (_("Note"), row.get("note")),
                (_("Source"), row.get("source")),
                (_("Key"), row.get("key")),
                *((str(key), value) for key, value in (row.get("detail") or {}).items()),
            ]
        )

    def action_acknowledge(self) -> None:
        """Say that somebody looks after it."""
        chosen = self.grid.chosen_rows
        if not chosen:
            return

        async def acknowledge(note: str) -> None:
            for row in chosen:
                await self.ask("alarms.ack", key=row["key"], note=note)

        self.prompt(_("What is being done about it?"), acknowledge, hint=_("may be left empty"))

    def action_clear(self) -> None:
        """Take it away by hand."""
        row = self.current
        if row is None:
            return

        async def clear() -> None:
            await self.ask("alarms.clear", key=row["key"])

        self.confirm(_("Clear this alarm?"), clear, _("It comes again when its cause is still there."), _("Clear"))

    def action_test(self) -> None:
        """Raise a test alarm, to see whom it reaches."""

        async def test() -> None:
            await self.ask("alarms.test")
            self.notify(_("A test alarm has been raised and cleared."))

        self.start(test())

    def action_history(self) -> None:
        """What happened to alarms."""
        self.console.drill("alarm-history")


class History(ListScreen):
    """What happened to alarms, newest first."""

    heading = N_("History of alarms")
    help_text = N_("When alarms were raised, acknowledged, escalated and cleared, and by whom.")
    topics = frozenset({"alarm", "dropped"})
    identity = "id"
    empty = N_("No alarm yet.")
    columns = (
        Column("at", N_("When"), lambda row: clock(row["at"], date=True), most=19),
        Column("what", N_("What happened"), most=14),
        Column(
            "severity", N_("Severity"), severity, lambda row: TONES.get(str(row.get("severity")), ""), most=14, drop=1
        ),
        Column("text", N_("What"), most=200, flex=True),
        Column("who", N_("Who"), most=14, drop=2),
    )

    async def rows(self) -> list[Row]:
        """With numbers, since nothing else tells two lines apart."""
        found = await self.ask("alarms.history", limit=1000, language=i18n.current())
        return [each | {"id": number} for number, each in enumerate(found)]
