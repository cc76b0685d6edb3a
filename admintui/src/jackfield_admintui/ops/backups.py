"""Back-ups of the whole box: make one, check it, restore it."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Group
from rich.text import Text
from textual.binding import Binding, BindingType

from jackfield_admintui.client import Event
from jackfield_admintui.confirm import Confirm
from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, ago, clock, plain, size, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

WHY = {
    "daily": N_("of the day"),
    "hand": N_("by hand"),
    "before": N_("before a restore"),
    "brought": N_("from elsewhere"),
}
SECONDS = 1800.0
"""A back-up with recordings may take its time."""


class Backups(ListScreen):
    """Back-ups, newest first."""

    heading = N_("Back-ups")
    help_text = N_(
        "One is made each day, and the newest are kept; n makes one now. In it are the site, call records and all else "
        "in the database, sounds, hand-written files and certificates, with their secrets. r puts the site of a "
        "back-up in force again as a new generation, call records stay; A restores everything as it was then. "
        "What is here now is backed up before. To keep one off the box: jackfield backup export NAME FILE."
    )
    topics = frozenset({"backup", "dropped"})
    method = "backup.list"
    empty = N_("No back-ups yet: n makes one.")
    with_details = True
    needs: ClassVar = {"make": "backup.create", "verify": "backup.verify", "restore_site": "backup.restore",
                       "restore_all": "backup.restore", "remove": "backup.remove"}  # fmt: skip
    columns = (
        Column("at", N_("Made"), lambda row: clock(row["at"], date=True), order=lambda row: row["at"], most=19),
        Column("age", N_("Age"), lambda row: span(ago(row["at"])), order=lambda row: row["at"], right=True, drop=2),
        Column("why", N_("Why"), lambda row: str(WHY.get(row["why"], row["why"])), most=20),
        Column("bytes", N_("Size"), lambda row: size(row["bytes"]), right=True, order=lambda row: row["bytes"]),
        Column("name", N_("Name"), most=40, flex=True, drop=1),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "make", N_("New")),
        Binding("v", "verify", N_("Check")),
        Binding("r", "restore_site", N_("Restore")),
        Binding("A", "restore_all", N_("Restore all")),
        Binding("x", "remove", N_("Remove")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._said = ""

    def count_note(self) -> str:
        """With what was done last."""
        return f"{self._said}   {super().count_note()}".strip()

    async def details(self, row: Row) -> Any:
        """What it says of itself."""
        found = await self.ask("backup.show", name=row["name"])
        return Group(
            facts(
                [
                    (_("Made"), f"{clock(found['made_at'], date=True)}  {found['author']}"),
                    (_("Machine"), f"{found['host']}  {found['title']}"),
                    (_("Version"), found["version"]),
                    (_("Generation"), found["generation"]),
                    (_("Recordings"), _("with recordings") if found["recordings"] else _("without")),
                    (_("Files"), f"{found['files']}, {size(found['bytes_unpacked'])}"),
                    (_("Database"), f"{found['database']}  {plain(found['revisions'])}"),
                ]
            ),
            Text(f"\n{plain(found['name'])}", "dim"),
        )

    def heard(self, events: list[Event]) -> None:
        """How far the work has come is said beside the breadcrumbs."""
        for event in events:
            data = event.get("data", {})
            if event["event"] == "backup" and data.get("what") == "progress":
                self.note(f"{data['done']}/{data['total']}  {plain(data['text'])}")
        super().heard([event for event in events if event.get("data", {}).get("what") != "progress"])

    # -- actions ---------------------------------------------------------------------------------------------------

    def action_make(self) -> None:
        """Make one; with the recordings if that is wanted."""

        def answered(recordings: bool | None) -> None:
            if recordings is not None:
                self.start(make(recordings))

        async def make(recordings: bool) -> None:
            self.note(_("It is being made …"))
            made = await self.ask("backup.create", seconds=SECONDS, recordings=recordings)
            self._said = _("Made: {name}").format(name=made["name"])
            self.reload()

        self.app.push_screen(
            Confirm(_("With the recordings too?"), _("They may be large."), yes=_("With recordings")), answered
        )

    def action_verify(self) -> None:
        """Read it to its end."""
        row = self.current

        async def verify(name: str) -> None:
            await self.ask("backup.verify", seconds=SECONDS, name=name)
            self._said = _("{name} is whole.").format(name=name)
            self.note(self.count_note())

        if row is not None:
            self.start(verify(row["name"]))

    def action_restore_site(self) -> None:
        """The site alone."""
        detail = _(
            "Trunks, routes, phones, queues and sounds become what they were then. Call records stay. What is here now "
            "is backed up first."
        )
        self._restore("site", _("Restore the site of {when}?"), detail)

    def action_restore_all(self) -> None:
        """Everything."""
        detail = _(
            "Call records, states and alarms since then are gone, too. What is here now is backed up first. The daemon "
            "begins anew; talks go on."
        )
        self._restore("all", _("Restore everything of {when}?"), detail)

    def _restore(self, scope: str, question: str, detail: str) -> None:
        row = self.current
        if row is None:
            return

        async def restore() -> None:
            self.note(_("It is being restored …"))
            done = await self.ask("backup.restore", seconds=SECONDS, name=row["name"], scope=scope)
            self._said = _("Restored. What was here before: {before}").format(before=done["before"])
            if done["notes"]:
                self.notify("\n".join(map(plain, done["notes"])), timeout=20)

        self.confirm(question.format(when=clock(row["at"], date=True)), restore, detail, _("Restore"))

    def action_remove(self) -> None:
        """For good."""
        chosen = self.grid.chosen_rows

        async def remove() -> None:
            for row in chosen:
                await self.ask("backup.remove", name=row["name"])
            self.grid.marked.clear()

        if chosen:
            question = _("Remove {count} back-ups for good?").format(count=len(chosen))
            self.confirm(question, remove, "", _("Remove"))
