"""Agents: what they do, since when, and what a supervisor can do about it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.live.lasting import lasts, stamped
from jackfield_admintui.texts import N_, _, plain, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

STATES = {
    "ready": (N_("ready"), "●", "good"),
    "offered": (N_("rings"), "◔", "warn"),
    "talking": (N_("talks"), "◆", "strong"),
    "wrap-up": (N_("wrap-up"), "◇", "warn"),
    "paused": (N_("pause"), "‖", "warn"),
    "logged-out": (N_("logged out"), "○", "dim"),
}


def word(name: str) -> str:
    """A state's word."""
    return str(STATES[name][0]) if name in STATES else plain(name)


def state(row: Row) -> str:
    """Sign and word, with the reason of a pause."""
    words, sign, _tone = STATES.get(str(row["state"]), (str(row["state"]), "·", ""))
    return f"{sign} {words!s}" + (f" ({row['reason']})" if row.get("reason") else "")


def tone(row: Row) -> str:
    """For the colour."""
    return STATES.get(str(row["state"]), ("", "", ""))[2]


class Agents(ListScreen):
    """Agents as they are now."""

    heading = N_("Agents")
    help_text = N_(
        "Agents and what they do now, since when, at which phone and for which queue. A supervisor can log them in and "
        "out, pause them, make them ready, and listen to their talk at a phone of the supervisor's own: L listens, "
        "W speaks to the agent alone, B speaks to both. Actions are for all that are marked."
    )
    topics = frozenset({"agent", "queue", "phone", "site", "dropped", "acd.agents", "acd.queues"})
    needs: ClassVar = {
        "log_in": "acd.agent.login", "log_out": "acd.agent.logout", "pause": "acd.agent.pause",
        "ready": "acd.agent.ready", "monitor": "acd.monitor",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "log_in", N_("Log in")),
        Binding("x", "log_out", N_("Log out")),
        Binding("p", "pause", N_("Pause")),
        Binding("r", "ready", N_("Ready")),
        Binding("L", "monitor('listen')", N_("Listen")),
        Binding("W", "monitor('whisper')", N_("Whisper to the agent"), show=False),
        Binding("B", "monitor('barge')", N_("Speak to both"), show=False),
    ]
    method = "agents"
    empty = N_("No agents yet.")
    with_details = True
    columns = (
        Column("name", N_("Agent"), most=16, flex=True),
        Column("state", N_("State"), state, tone, most=26),
        Column("seconds", N_("For"), lambda row: span(lasts(row)), order=lasts, right=True),
        Column("queue", N_("Queue"), most=16, drop=1),
        Column("phone", N_("Phone"), most=12, drop=2),
        Column("reachable", N_("Reachable"), lambda row: _("yes") if row["reachable"] else f"✖ {_('no')}", drop=3),
    )

    def on_mount(self) -> None:
        """Times go on between events; nothing is asked for that."""
        self.set_interval(1.0, self.grid.refresh)

    async def rows(self) -> list[Row]:
        """With times that go on."""
        return stamped(await super().rows())

    async def details(self, row: Row) -> Any:
        """All that is known of an agent."""
        return facts(
            [
                (_("State"), state(row)),
                (_("For"), span(lasts(row))),
                (_("Phone"), row["phone"]),
                (_("Phone in use"), row["phone_busy"]),
                (_("Reachable"), row["reachable"]),
                (_("Queue"), row["queue"]),
                (_("Call"), row["call"]),
                (_("Not answered in a row"), row["unanswered"]),
            ]
        )

    def open_row(self, row: Row) -> None:
        """The agent's call; without one, the agent's settings."""
        if row.get("call"):
            self.console.drill("call", call=str(row["call"]))
        else:
            self.console.show_object("agent", str(row["name"]))

    # -- a supervisor's actions ------------------------------------------------------------------------------------

    def _each(self, method: str, **params: Any) -> None:
        """For the marked agents, or the one of the cursor."""
        names = [str(row["name"]) for row in self.grid.chosen_rows]

        async def act() -> None:
            for name in names:
                await self.ask(method, agent=name, **params)
            self.reload()

        self.start(act())

    def action_log_in(self) -> None:
        """At a phone."""
        row = self.current
        if row is None:
            return

        async def log_in(line: str) -> None:
            await self.ask("acd.agent.login", agent=row["name"], extension=line)

        question = _("Log {agent} in at which extension?").format(agent=row["name"])
        self.prompt(question, log_in, hint=_("empty: the agent's own phone"))

    def action_log_out(self) -> None:
        """A talk goes on."""
        count = len(self.grid.chosen_rows)
        if count:
            names = ", ".join(str(row["name"]) for row in self.grid.chosen_rows[:10])
            question = _("Log {agents} out?").format(agents=names)

            async def log_out() -> None:
                self._each("acd.agent.logout")

            self.confirm(question, log_out, _("Talks go on; no further calls come."), _("Log out"))

    def action_pause(self) -> None:
        """With a reason."""

        async def pause(line: str) -> None:
            self._each("acd.agent.pause", reason=line)

        if self.current is not None:
            self.prompt(_("Why the pause?"), pause, hint=_("may be left empty"))

    def action_ready(self) -> None:
        """The end of pause or wrap-up."""
        self._each("acd.agent.ready")

    def action_monitor(self, mode: str) -> None:
        """Into the agent's talk, from a phone of one's own."""
        row = self.current
        if row is None:
            return

        async def monitor(line: str) -> None:
            await self.ask("acd.monitor", agent=row["name"], extension=line, mode=mode)
            self.notify(_("Extension {extension} rings now.").format(extension=line))

        question = _("Which extension is to ring, for the talk of {agent}?").format(agent=row["name"])
        self.prompt(question, monitor)
