"""The first screen: what goes on, and what is wrong."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, ClassVar

from jackfield import i18n
from rich.cells import set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid
from textual.widgets import Sparkline, Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event, Trouble, Why
from jackfield_admintui.live import agents as agent_words
from jackfield_admintui.live import alarms as alarm_words
from jackfield_admintui.live.lasting import lasts, stamped
from jackfield_admintui.live.trunks import SIGNS, load, tone
from jackfield_admintui.live.trunks import word as trunk_word
from jackfield_admintui.texts import N_, _, plain, size, span
from jackfield_admintui.themes import colour
from jackfield_admintui.widgets.bars import bar
from jackfield_admintui.widgets.card import Card

PAST = 120
"""Seconds in the line of calls."""
LINES = 4
"""At least so many rows of a box are shown."""
WANTED = {"calls": "calls", "alarms": "alarms", "queues": "queues", "agents": "agents", "trunks": "trunks",
          "machine": "system"}  # fmt: skip
"""Box → method."""
NAME, BAR, NARROW, LABEL = 11, 8, 5, 8


class Overview(ConsoleScreen):
    """Calls, trunks, queues, agents, alarms, the machine: each in a box that opens its screen."""

    heading = N_("Overview")
    help_text = N_(
        "What goes on now, and what is wrong. Every box opens its screen: by Enter, by the mouse, or by its key after "
        "g. Figures follow what happens by themselves. Ctrl+F finds a number, a name or an object anywhere."
    )
    topics = frozenset(
        {"call", "queue", "agent", "alarm", "plugin", "site", "phone", "dropped", "acd.queues", "acd.agents"}
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "app.focus_next", N_("Next box"), show=False),
        Binding("up,k", "app.focus_previous", N_("Box before"), show=False),
    ]
    DEFAULT_CSS = """
    Overview ItemGrid { grid-size: 2; grid-gutter: 0 1; padding: 0 1; height: 1fr; grid-rows: 1fr; }
    Overview.-wide ItemGrid { grid-size: 3; }
    Overview Sparkline { height: 2; }
    Overview #queues, Overview #trunks, Overview #machine { text-wrap: nowrap; text-overflow: ellipsis; }
    Overview Sparkline > .sparkline--max-color { color: $primary; }
    Overview Sparkline > .sparkline--min-color { color: $primary 60%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[str, Any] = {}
        self._past: deque[float] = deque([0.0] * PAST, maxlen=PAST)
        self._calls = 0

    def body(self) -> ComposeResult:
        """The boxes."""
        with ItemGrid():
            with Card("calls", _("Calls"), id="card-calls"):
                yield Static(id="calls")
                yield Sparkline(list(self._past), id="past")
            yield self._card("alarms", _("Alarms"))
            yield self._card("queues", _("Queues"))
            yield self._card("agents", _("Agents"))
            yield self._card("trunks", _("Trunks"), "trunks-live")
            yield self._card("machine", _("Machine"), "system")

    def _card(self, name: str, title: str, opens: str = "") -> Card:
        return Card(opens or name, title, Static(id=name, markup=False), id=f"card-{name}")

    def on_mount(self) -> None:
        """The line of calls goes on by itself."""
        self.set_interval(1.0, self._tick)
        self.query(Card).first().focus()

    def _tick(self) -> None:
        self._past.append(float(self._calls))
        self.query_one(Sparkline).data = list(self._past)
        queues = self._answers.get("queues")
        if isinstance(queues, list) and any(queue["waiting"] for queue in queues):
            self._draw("queues")

    async def load(self) -> None:
        """Ask for all boxes at once; one that has no answer says why, the others stand."""
        names = [name for name, method in WANTED.items() if self.console.can(method)]
        asked = (self.ask(WANTED[name], **_params(name)) for name in names)
        found = await asyncio.gather(*asked, return_exceptions=True)
        away = next((e for e in found if isinstance(e, Trouble) and e.why is Why.AWAY), None)
        if away is not None:
            raise away
        for name, answer in zip(names, found, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, Trouble):
                raise answer
            self._answers[name] = answer
        if isinstance(queues := self._answers.get("queues"), list):
            self._answers["queues"] = [{**queue, "waiting": stamped(queue["waiting"])} for queue in queues]
        for name in WANTED:
            self._draw(name)

    def heard(self, events: list[Event]) -> None:
        """The machine's state comes with its event; the rest is asked for."""
        known, loads = self._answers.get("machine"), [event["data"] for event in events if event["event"] == "load"]
        if loads and isinstance(known, dict):
            self._answers["machine"] = {**known, **loads[-1]}
            self._draw("machine")
        super().heard(events)

    def _draw(self, name: str) -> None:
        answer = self._answers.get(name)
        if answer is None:
            shown: Any = Text(_("Not for your role, or its plugin is not at work."), "dim")
        elif isinstance(answer, Trouble):
            shown = plain(answer.text)
        else:
            shown = getattr(self, f"_{name}_box")(answer)
        self.query_one(f"#{name}", Static).update(shown)

    def on_resize(self) -> None:
        """More or fewer lines have room."""
        for name in self._answers:
            self.call_after_refresh(self._draw, name)

    def _lines(self, name: str) -> int:
        """Lines of a box, without the one that tells how many more there are."""
        return max(LINES, self.query_one(f"#card-{name}").content_size.height - 1)

    def _colour(self, tone: str) -> str:
        return colour(self.console, {"good": "success", "bad": "error", "warn": "warning"}.get(tone, ""))

    def _calls_box(self, calls: list[dict[str, Any]]) -> Text:
        self._calls = len(calls)
        talking = sum(bool(call["talking"]) for call in calls)
        text = Text()
        text.append(f"{len(calls)}", "bold")
        text.append(f" {_('now')}")
        text.append(f"  ● {_('{count} talking').format(count=talking)}", self._colour("good"))
        text.append(f"  ○ {_('{count} waiting').format(count=len(calls) - talking)}\n", self._colour("warn"))
        text.append(_("the last two minutes:"), "dim")
        return text

    def _alarms_box(self, alarms: list[dict[str, Any]]) -> Text:
        if not alarms:
            return Text(f"● {_('all is well')}", self._colour("good"))
        text = Text()
        for alarm in alarms[: self._lines("alarms")]:
            style = self._colour(alarm_words.TONES.get(alarm["severity"], ""))
            text.append(f"{alarm_words.SIGNS.get(alarm['severity'], '?')} ", style)
            text.append(f"{plain(alarm['text'])}\n")
        return _more(text, alarms, self._lines("alarms"))

    def _queues_box(self, queues: list[dict[str, Any]]) -> Text:
        if not queues:
            return Text(_("No queues."), "dim")
        text = Text()
        longest = sorted(queues, key=lambda queue: -len(queue["waiting"]))
        most = max(1, *(len(queue["waiting"]) for queue in queues))
        for queue in longest[: self._lines("queues")]:
            waiting = queue["waiting"]
            text.append(set_cell_size(plain(queue["name"]), NAME) + " ")
            text.append(f"{bar(len(waiting), most, NARROW)} ", self._colour("warn" if waiting else "good"))
            text.append(_("{count} wait").format(count=len(waiting)))
            if waiting:
                text.append(f"  {span(max(lasts(one) or 0.0 for one in waiting))}")
            text.append("\n")
        return _more(text, queues, self._lines("queues"))

    def _agents_box(self, agents: list[dict[str, Any]]) -> Text:
        if not agents:
            return Text(_("No agents."), "dim")
        counts: dict[str, int] = {}
        for agent in agents:
            counts[str(agent["state"])] = counts.get(str(agent["state"]), 0) + 1
        text = Text()
        for state, count in sorted(counts.items(), key=lambda item: -item[1]):
            text.append(f"{count:>4} ", "bold")
            text.append(f"{bar(count, len(agents), BAR)} ", self._colour("good"))
            text.append(f"{agent_words.word(state)}\n")
        return text

    def _trunks_box(self, trunks: list[dict[str, Any]]) -> Text:
        if not trunks:
            return Text(_("No trunks yet."), "dim")
        text = Text()
        order = {"bad": 0, "warn": 1, "good": 2}
        for trunk in sorted(trunks, key=lambda row: order[tone(row)])[: self._lines("trunks")]:
            text.append(f"{SIGNS[tone(trunk)]} ", self._colour(tone(trunk)))
            text.append(f"{plain(trunk['name'])}  {trunk_word(trunk)}  {_('calls')} {load(trunk)}\n")
        return _more(text, trunks, self._lines("trunks"))

    def _machine_box(self, machine: dict[str, Any]) -> Text:
        text = Text()
        cores = max(1, int(machine["cores"]))
        share = min(1.0, machine["load"][0] / cores)
        text.append(f"{_label(_('load'))}{bar(share, 1, BAR)} {machine['load'][0]:.2f} / {cores}\n", self._shade(share))
        memory = machine["memory"]
        used = 1 - memory["available"] / max(1, memory["total"])
        free = _("{size} free").format(size=size(memory["available"]))
        text.append(f"{_label(_('memory'))}{bar(used, 1, BAR)} {free}\n", self._shade(used))
        for disk in machine["disks"]:
            full = disk["used"] / max(1, disk["total"])
            free = _("{size} free").format(size=size(disk["free"]))
            text.append(f"{_label(_('disk'))}{bar(full, 1, BAR)} {free}\n", self._shade(full))
        text.append(_("up {time}").format(time=span(machine["seconds_up"])), "dim")
        return text

    def _shade(self, share: float) -> str:
        return self._colour("bad" if share > 0.95 else "warn" if share > 0.8 else "good")


def _params(box: str) -> dict[str, Any]:
    return {"language": i18n.current()} if box == "alarms" else {}


def _label(text: str) -> str:
    return set_cell_size(text, LABEL)


def _more(text: Text, rows: list[Any], shown: int) -> Text:
    if len(rows) > shown:
        text.append(_("and {count} more").format(count=len(rows) - shown), "dim")
    return text
