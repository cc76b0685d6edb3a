"""Plugins: what they are, bring, may do, cost and did wrong."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Group
from rich.text import Text
from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock, plain
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

STATES = {
    "enabled": N_("at work"),
    "disabled": N_("switched off"),
    "failed to load": N_("failed to load"),
    "wrong API version": N_("wrong API version"),
    "waits for another plugin": N_("waits for another plugin"),
    "shut off after repeated errors": N_("shut off after repeated errors"),
}
TONES = {"enabled": "good", "disabled": "dim", "waits for another plugin": "warn"}
SIGNS = {"good": "●", "dim": "○", "warn": "▲", "bad": "✖"}


def tone(row: Row) -> str:
    """Good, off, waiting or bad."""
    return TONES.get(str(row["state"]), "bad")


def state(row: Row) -> str:
    """Sign and word."""
    return f"{SIGNS[tone(row)]} {STATES.get(row['state'], row['state'])!s}"


class Plugins(ListScreen):
    """All plugins, with what can be done about them."""

    heading = N_("Plugins")
    help_text = N_(
        "Parts of the telephone system that are installed as packages. A plugin that is switched off takes no calls "
        "any more; those that wait in it go to their fallback. A plugin that was shut off after errors is tried anew "
        "by switching it on."
    )
    topics = frozenset({"plugin", "dropped"})
    method = "plugins"
    empty = N_("No plugins: install packages jackfield-plugin-….")
    with_details = True
    needs: ClassVar = {"enable": "plugins.enable", "disable": "plugins.disable", "check": "plugins.check",
                       "log": "plugins.log"}  # fmt: skip
    columns = (
        Column("name", N_("Plugin"), most=20),
        Column("state", N_("State"), state, tone, most=34),
        Column("version", N_("Version"), most=14, drop=1),
        Column("faults", N_("Faults"), lambda row: row["faults"] or "", lambda row: "bad", right=True),
        Column("reason", N_("Reason"), most=80, flex=True, drop=2),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "enable", N_("Switch on")),
        Binding("d", "disable", N_("Switch off")),
        Binding("l", "log", N_("Log")),
        Binding("c", "check", N_("Check")),
    ]

    async def details(self, row: Row) -> Any:
        """Everything about a plugin."""
        info = await self.ask("plugins.info", plugin=row["name"])
        brings = {name: words for name, words in info["brings"].items() if name != "hooks" and words}
        parts: list[Any] = [
            facts(
                [
                    (_("What"), info["summary"]),
                    (_("State"), state(row)),
                    (_("Reason"), row["reason"]),
                    (_("Version"), info["version"]),
                    (_("Licence"), info["licence"]),
                    (_("May"), info["permissions"]),
                    (_("Needs"), info["requires"]),
                    (_("Needed by"), info["needed_by"]),
                    *((name.replace("_", " "), words) for name, words in brings.items()),
                ]
            )
        ]
        if info["settings"]:
            parts += [_head(_("Settings"))]
            parts += [facts((each["name"], _value(each)) for each in info["settings"])]
        if info["hooks"]:
            parts += [_head(_("What its hooks cost"))]
            costs = sorted(info["hooks"].items(), key=lambda item: -item[1]["ms"])
            parts += [facts((name.removeprefix("jackfield_"), _cost(cost)) for name, cost in costs)]
        if info["last_faults"]:
            parts += [_head(_("Last faults"))]
            parts += [facts((clock(each["at"], date=True), each["what"]) for each in info["last_faults"])]
        return Group(*parts)

    def open_row(self, row: Row) -> None:
        """Its log."""
        self.action_log()

    def action_log(self) -> None:
        """What was logged by it and about it."""
        if self.current is not None:
            self.console.drill("plugin-log", plugin=str(self.current["name"]))

    def action_enable(self) -> None:
        """Switch on, or try anew."""
        row = self.current
        if row is not None:
            self.start(self._switch("plugins.enable", row))

    def action_disable(self) -> None:
        """Switch off, once that is sure."""
        row = self.current
        if row is None:
            return
        question = _("Switch the plugin {name} off?").format(name=row["name"])
        detail = _("Its callers who wait go to their fallback; calls that talk go on. It stays off after a restart.")
        self.confirm(question, lambda: self._switch("plugins.disable", row), detail, _("Switch off"))

    async def _switch(self, method: str, row: Row) -> None:
        await self.ask(method, plugin=row["name"])
        self.reload()

    def action_check(self) -> None:
        """Load it in a process of its own and say what is wrong."""
        row = self.current
        if row is None:
            return

        async def check() -> None:
            found = await self.ask("plugins.check", plugin=row["name"], seconds=60)
            problems = found.get("problems") or []
            words = "\n".join(map(plain, problems)) if problems else _("Nothing is wrong with it.")
            self.notify(words, title=str(row["name"]), severity="warning" if problems else "information", timeout=10)

        self.start(check())


def _head(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _value(setting: Row) -> str:
    value = plain(setting["value"])
    return (
        value if setting["value"] == setting["default"] else f"{value}  ({_('default')}: {plain(setting['default'])})"
    )


def _cost(cost: Row) -> str:
    return _("{calls} times, {p95} ms (95 %), at most {max} ms").format(
        calls=cost["calls"], p95=cost["p95_ms"], max=cost["max_ms"]
    )
