"""One call: facts, path, legs with their sound, and why it was served as it was."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Trouble
from jackfield_admintui.confirm import Confirm
from jackfield_admintui.records.timeline import timeline
from jackfield_admintui.records.words import result
from jackfield_admintui.texts import N_, _, clock, plain, size, span
from jackfield_admintui.themes import colour
from jackfield_admintui.widgets.facts import facts

SOUND_GOOD, SOUND_FAIR = 4.0, 3.1
"""Mean opinion scores: from here users are satisfied, and below some are dissatisfied (ITU-T G.107, annex B)."""


class CallScreen(ConsoleScreen):
    """A call, on record or still going on."""

    heading = N_("Call")
    help_text = N_(
        "One call from beginning to end: its path through menus, queues and extensions on a line of time, every "
        "channel with the quality of its sound (MOS: 4 and more is good), its recordings, and each decision of its "
        "queues: who was rung, and why the others were not."
    )
    topics = frozenset({"call", "queue", "agent", "dropped"})
    needs: ClassVar = {"hang_up": "calls.hangup"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "hang_up", N_("Hang up")),
        Binding("n", "number", N_("Calls of this number")),
        Binding("R", "recordings", N_("Recordings")),
    ]
    DEFAULT_CSS = "CallScreen VerticalScroll { padding: 0 1; } CallScreen Static { height: auto; }"

    def __init__(self, call: str) -> None:
        super().__init__()
        self._call = call
        self._found: dict[str, Any] = {}

    @property
    def crumb(self) -> str:
        """Who called."""
        return f"{super().crumb} {plain(self._found.get('caller_number') or self._call)}"

    def body(self) -> ComposeResult:
        """One page that scrolls."""
        with VerticalScroll():
            yield Static(id="page")

    async def load(self) -> None:
        """The record, and what plugins know of the call."""
        self._found = await self.ask("records.show", call=self._call)
        parts = [self._facts(), *self._path(), *self._legs()]
        parts += await self._recordings() + await self._why()
        self.query_one("#page", Static).update(Group(*parts))
        self.note(result(self._found))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what goes on can be hung up."""
        if action == "hang_up" and (not self._found or self._found["ended_at"]):
            return False
        return super().check_action(action, parameters)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _facts(self) -> Table:
        call = self._found
        return facts(
            [
                (_("Caller"), f"{call['caller_number']} {call['caller_name']}".strip()),
                (_("Called"), call["did"] or call["extension"]),
                (_("Way"), call["direction"]),
                (_("Trunk"), call["trunk"]),
                (_("Trunks tried"), call["trunks_tried"]),
                (_("Began"), clock(call["started_at"], date=True)),
                (_("Answered"), clock(call["answered_at"]) if call["answered_at"] else ""),
                (_("Ended"), clock(call["ended_at"]) if call["ended_at"] else ""),
                (_("Waited"), span(call["wait_seconds"])),
                (_("Talked"), span(call["talk_seconds"])),
                (_("Queue"), call["queue"]),
                (_("Agent"), call["agent"]),
                (_("Result"), result(call)),
                (_("Cause (Q.850)"), call["cause"]),
                (_("First destination"), call["why"]),
                (_("Restarted in it"), _("yes") if call["interrupted"] else ""),
                (_("Id"), call["id"]),
            ]
        )

    def _path(self) -> list[Any]:
        return [_head(_("Path")), timeline(self._found, self.size.width)] if self._found["steps"] else []

    def _legs(self) -> list[Any]:
        if not self._found["legs"]:
            return []
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for title in (
            _("Channel"),
            _("As"),
            _("Number"),
            _("Began"),
            _("Status"),
            "MOS",
            _("Loss in/out %"),
            _("Codec"),
        ):
            table.add_column(title, overflow="fold")
        for leg in self._found["legs"]:
            lost = [plain(leg[way]) for way in ("loss_in", "loss_out")]
            cells = [leg["channel"], leg["role"], leg["number"], clock(leg["started_at"])[-8:], leg["status"]]
            table.add_row(*map(plain, cells), self._mos(leg["mos"]), " / ".join(lost), plain(leg["codec"]))
        return [_head(_("Channels")), table]

    def _mos(self, mos: float | None) -> Text:
        if mos is None:
            return Text(plain(None))
        good, fair = mos >= SOUND_GOOD, mos >= SOUND_FAIR
        name = "success" if good else "warning" if fair else "error"
        words = _("good") if good else _("fair") if fair else _("poor")
        return Text(f"{mos:.1f} {words}", colour(self.console, name))

    async def _recordings(self) -> list[Any]:
        if not self.console.can("recording.list"):
            return []
        found = await self._extra("recording.list")
        rows = [
            (f"#{each['id']}", f"{each['state']}  {span(each['seconds'])}  {size(each['bytes'])}  {each['format']}")
            for each in found
        ]
        return [_head(_("Recordings")), facts(rows)] if rows else []

    async def _why(self) -> list[Any]:
        if not self.console.can("acd.why"):
            return []
        text = Text()
        for told in await self._extra("acd.why"):
            text.append(f"{clock(told['at'])[-8:]} ", "dim")
            text.append(f"{plain(told['queue'])}: ", "bold")
            text.append(f"{plain(told['text'])}\n")
            if told.get("left_out"):
                left = ", ".join(f"{name}: {why}" for name, why in told["left_out"].items())
                text.append(f"         {plain(left)}\n", "dim")
        return [_head(_("Why it was served so")), text] if text else []

    async def _extra(self, method: str) -> list[dict[str, Any]]:
        """What a plugin knows beside the record; what it does not know is left out."""
        try:
            found: list[dict[str, Any]] = await self.ask(method, call=self._call)
        except Trouble:
            return []
        return found

    # -- actions ---------------------------------------------------------------------------------------------------

    def action_hang_up(self) -> None:
        """End it, once that is sure."""

        def answered(sure: bool | None) -> None:
            if sure:
                self.start(self.ask("calls.hangup", call=self._call))

        question = _("Hang up the call of {caller}?").format(caller=plain(self._found.get("caller_number")))
        self.app.push_screen(Confirm(question, _("The people in it are cut off at once."), yes=_("Hang up")), answered)

    def action_number(self) -> None:
        """All calls of the caller's number."""
        if self._found.get("caller_number"):
            self.console.drill("records", number=f"number:{self._found['caller_number']}")

    def action_recordings(self) -> None:
        """The recordings of this call."""
        self.console.drill("recordings", call=self._call)


def _head(words: str) -> Text:
    return Text(f"\n{words}", style="bold underline")
