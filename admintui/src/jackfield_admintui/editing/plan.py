"""What an apply would change, in words and in files; applying it, with its progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import ProgressBar, Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event, Trouble
from jackfield_admintui.confirm import Prompt
from jackfield_admintui.texts import N_, _, plain

APPLY_SECONDS = 900.0
"""The sounds of a whole site may take minutes to make."""
SIGNS = {"added": "+", "changed": "~", "removed": "-"}
OURS = 10


class Shown(VerticalScroll, can_focus=True):
    """What is read and scrolled."""


class PlanScreen(ConsoleScreen):
    """The plan."""

    heading = N_("Plan")
    help_text = N_(
        "What would change if you applied the draft now: first in words, with what it means for callers, then, with f, "
        "the generated files line by line. a applies it: Asterisk reloads only what has changed, the result is "
        "verified, and if Asterisk refuses, the generation before is in force again by itself."
    )
    topics = frozenset({"site"})
    needs: ClassVar[Mapping[str, str]] = {"apply": "site.apply", "discard": "site.discard"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "apply", N_("Apply")),
        Binding("f", "files", N_("Files")),
        Binding("h", "history", N_("History")),
        Binding("x", "discard", N_("Discard the draft")),
    ]
    DEFAULT_CSS = """
    PlanScreen Shown { height: 1fr; padding: 0 1; }
    PlanScreen #work { display: none; height: auto; padding: 0 1; }
    PlanScreen #work.-shown { display: block; }
    PlanScreen ProgressBar { display: none; height: 1; margin: 0 1; }
    PlanScreen ProgressBar.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._plan: dict[str, Any] = {}
        self._files = False
        self._done: dict[str, Any] | None = None
        self._working = False

    def body(self) -> ComposeResult:
        """Progress above, the plan below."""
        yield Static(id="work")
        yield ProgressBar(show_eta=False)
        with Shown():
            yield Static(id="plan")

    def on_mount(self) -> None:
        """Keys scroll."""
        self.query_one(Shown).focus()

    async def load(self) -> None:
        """Ask what would change; not in the middle of an apply."""
        if self._working:
            return
        self._plan = await self.ask("site.plan", seconds=120)
        self._show()
        others = [
            each for each in await self.ask("site.revisions", limit=OURS) if each["author"] != self.console.station.user
        ]
        if others and not self._plan["empty"]:
            last = others[0]
            self.note(_("also by {author}: {what}").format(author=plain(last["author"]), what=plain(last["what"])))

    def _show(self) -> None:
        text = files(self._plan) if self._files else words(self._plan)
        self.query_one("#plan", Static).update(text)
        self.refresh_bindings()

    def action_files(self) -> None:
        """Words, or files."""
        self._files = not self._files
        self._show()

    def action_history(self) -> None:
        """What was applied before."""
        self.console.drill("history")

    def action_discard(self) -> None:
        """The draft as what is in force."""

        def answered(why: str | None) -> None:
            if why == _("yes"):
                self.start(self._discard())

        ask = Prompt(
            _("Throw the draft away?"), hint=_("yes"),
            detail=_("The draft becomes what is in force. Write “{word}” to do it.").format(word=_("yes")),
        )  # fmt: skip
        self.app.push_screen(ask, answered)

    async def _discard(self) -> None:
        await self.ask("site.discard")
        self.notify(_("The draft is what is in force."))
        self.reload()

    # -- applying --------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to apply, no key for it."""
        if action == "apply" and (not self._plan or self._plan["empty"] or self._working):
            return False
        return super().check_action(action, parameters)

    def action_apply(self) -> None:
        """Ask why, then apply."""

        def answered(reason: str | None) -> None:
            if reason is not None:
                self.start(self._apply(reason), group="apply")

        count = len(self._plan["changes"])
        detail = _("{count} changes go into force. The reason is kept in the history; it may be empty.")
        self.app.push_screen(Prompt(_("Apply: why?"), detail=detail.format(count=count)), answered)

    async def _apply(self, reason: str) -> None:
        self._working = True
        bar = self.query_one(ProgressBar)
        bar.update(total=None, progress=0)
        bar.add_class("-shown")
        self._say(_("Applying: files are written and checked, Asterisk reloads …"))
        try:
            found = await self.ask("site.apply", reason=reason, seconds=APPLY_SECONDS)
        except Trouble as trouble:
            self._say(Text(f"✖ {trouble.text}", style="bold"))
            raise
        finally:
            self._working = False
            bar.remove_class("-shown")
        self._done = found["applied"]
        self._say(applied_words(found["applied"]))
        self.reload()

    def _say(self, text: Text | str) -> None:
        place = self.query_one("#work", Static)
        place.update(text)
        place.set_class(bool(text), "-shown")

    def heard(self, events: list[Event]) -> None:
        """How far the apply is."""
        for event in events:
            data = event.get("data", event)
            if event["event"] == "site" and data.get("what") == "progress" and self._working:
                bar = self.query_one(ProgressBar)
                bar.update(total=data["total"], progress=data["done"])
                self._say(_("Sound {done} of {total}: {text}").format(
                    done=data["done"], total=data["total"], text=plain(data["text"])))  # fmt: skip
        super().heard(events)


def words(plan: Mapping[str, Any]) -> Text:
    """The plan in words."""
    out = Text()
    if plan["empty"]:
        return Text(_("Nothing would change: the draft is what is in force."))
    if plan["base"] is None:
        out.append(_("Nothing is in force yet; this would be the first generation.") + "\n\n")
    for change in plan["changes"]:
        sign = SIGNS.get(change["action"], "?")
        style = {"+": "green", "-": "red", "~": "yellow"}.get(sign, "")
        out.append(f"{sign} ", style=f"bold {style}")
        out.append(f"{change['kind']} {plain(change['name'])}\n", style="bold")
        for line in change["effects"] or change["fields"]:
            out.append(f"    {plain(line)}\n")
    if plan["new_sounds"]:
        out.append("\n" + _("{count} sounds are made").format(count=plan["new_sounds"]) + "\n")
    if plan["diffs"]:
        out.append("\n" + _("Files that change (f shows how): {files}").format(files=", ".join(plan["diffs"])) + "\n")
    if plan["restart"]:
        out.append(_("Asterisk must be restarted for: {why}").format(why=plain(plan["restart"])) + "\n", style="bold")
    elif plan["reload"] or plan["load"]:
        names = ", ".join([*plan["load"], *plan["reload"]])
        out.append(_("Asterisk reloads, calls go on: {modules}").format(modules=names) + "\n")
    for line in plan["warnings"]:
        out.append(f"\n! {plain(line)}", style="bold")
    return out


def files(plan: Mapping[str, Any]) -> Text:
    """The differences line by line."""
    out = Text()
    if not plan["diffs"]:
        return Text(_("No file changes."))
    for diff in plan["diffs"].values():
        for line in diff.split("\n"):
            head = line.startswith(("+++", "---"))
            style = "bold" if head else {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            out.append(plain(line) + "\n" if line else "\n", style=style)
    return out


def applied_words(applied: Mapping[str, Any] | None) -> Text:
    """What became of it."""
    if applied is None:
        return Text(_("Nothing had to be done."))
    out = Text("✔ ", style="bold green")
    out.append(_("In force: generation {number}.").format(number=applied["number"]), style="bold")
    for note in applied.get("notes", ()):
        out.append(f"\n! {plain(note)}")
    return out
