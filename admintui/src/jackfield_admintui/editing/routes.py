"""Which way would this call go? A dry run over the draft, inbound or outbound; no call is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.editing.entries import Entry, arrived
from jackfield_admintui.editing.fields import FieldSpec, Shape
from jackfield_admintui.editing.object_form import offers
from jackfield_admintui.editing.pick import Pick
from jackfield_admintui.texts import N_, _, plain

IN, OUT = "in", "out"


def questions() -> list[FieldSpec]:
    """What is asked for."""
    directions = _("A call from outside (in), or from a phone to the outside (out)")
    who = _("In: the caller's number; empty when withheld. Out: the extension that dials")
    over = _("In: over which trunk it comes; may be empty when there is one")
    when = _("When, as in 2026-12-25T14:30 in the site's zone; empty is now")
    return [
        FieldSpec("direction", Shape.CHOICE, directions, default=IN, choices=(IN, OUT)),
        FieldSpec("number", Shape.TEXT, _("The number that is dialled"), needed=True),
        FieldSpec("caller", Shape.TEXT, who),
        FieldSpec("trunk", Shape.TEXT, over, refers="trunk"),
        FieldSpec("at", Shape.TEXT, when),
    ]


class WhichWay(ConsoleScreen):
    """The question and the answer."""

    heading = N_("Which way?")
    help_text = N_(
        "Say who calls whom, when, and Enter tells which way the call would go by the draft, and why; routes that were "
        "not taken are told too. No call is made, and nothing has to be applied for it."
    )
    topics = frozenset({"site"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer", N_("Answer"), priority=True),
        Binding("f4", "pick", N_("Choose")),
        Binding("up", "app.focus_previous", N_("Field above"), show=False),
        Binding("down", "app.focus_next", N_("Field below"), show=False),
    ]
    DEFAULT_CSS = """
    WhichWay #asked { height: auto; padding: 0 1; border-bottom: solid $panel; }
    WhichWay #answer { height: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._texts = {field.id: "" for field in questions()}
        self._field: FieldSpec | None = None

    def body(self) -> ComposeResult:
        """Fields above, the answer below."""
        with VerticalScroll(id="asked", can_focus=False):
            for field in questions():
                yield Entry(field, "")
        with VerticalScroll(id="answer"):
            yield Static(id="told")

    def on_mount(self) -> None:
        """The number first."""
        self.set_focus(self.query_one("#entry-number Input", Input))

    async def load(self) -> None:
        """Answer anew when the draft has changed."""
        if self._texts["number"].strip():
            await self._answer()

    @on(Entry.Written)
    def written(self, event: Entry.Written) -> None:
        """Keep it."""
        self._texts[event.field] = event.text

    @on(Entry.Entered)
    def entered(self, event: Entry.Entered) -> None:
        """What the field means."""
        self._field = event.field
        if not self._texts["number"].strip():
            self.query_one("#told", Static).update(Text(event.field.help, style="italic"))

    def action_pick(self) -> None:
        """A trunk that there is; for the caller an extension."""
        field = self._field
        if field is not None and field.name == "caller" and self._texts["direction"] == OUT:
            field = FieldSpec("caller", Shape.TEXT, refers="extension")
        if field is None or not field.refers:
            self.notify(_("There is nothing to choose for this field; write it."))
            return
        self.start(self._offer(field))

    async def _offer(self, field: FieldSpec) -> None:
        def chosen(value: str | None) -> None:
            if value is not None:
                self.query_one(f"#entry-{field.name}", Entry).show(value)

        self.app.push_screen(Pick(field.label, await offers(self, field)), chosen)

    def action_answer(self) -> None:
        """Ask."""
        self.start(self._answer(), group="answer")

    async def _answer(self) -> None:
        self._texts.update(await arrived(self))
        texts = {key: text.strip() or None for key, text in self._texts.items()}
        if not texts["number"]:
            self.query_one("#told", Static).update(_("Write the number that is dialled."))
            return
        if texts["direction"] == OUT:
            found = await self.ask("site.test.out", number=texts["number"], extension=texts["caller"], at=texts["at"])
            told = outbound_words(found)
        else:
            asked: dict[str, Any] = {
                "did": texts["number"],
                "trunk": texts["trunk"],
                "caller": texts["caller"] or "",
                "at": texts["at"],
            }
            told = inbound_words(await self.ask("site.test.in", **asked))
        self.tell(None)
        self.query_one("#told", Static).update(told)


def inbound_words(found: Mapping[str, Any]) -> Text:
    """The way of a call from outside, step by step."""
    out = Text()
    out.append(_("Over trunk {trunk}, {caller} calls {did}, {at}\n").format(
        trunk=plain(found["trunk"]), caller=plain(found["from"]), did=plain(found["did"]), at=found["at"]))  # fmt: skip
    for one in found["lists"]:
        out.append(_("  on the caller list {name}").format(name=plain(one["name"])))
        out.append((" – " + _("blocked") if one["block"] else "") + "\n")
    for each in found["candidates"]:
        sign = "✔" if each["taken"] else "·"
        out.append(
            f"  {sign} {plain(each['route'])} ({plain(each['number'])})", style="bold" if each["taken"] else "dim"
        )
        out.append(f"  {plain(each['why'])}\n" if each["why"] else "\n", style="dim")
    out.append(f"→ {plain(found['destination'])}", style="bold")
    out.append(f"   {plain(found['why'])}\n" if found["why"] else "\n")
    for step in found["then"]:
        out.append(f"  → {plain(step['destination'])}   {plain(step['why'])}\n")
    out.append(_("If that fails: {fallback}. Language: {language}. Priority: {priority}.").format(
        fallback=plain(found["fallback"]), language=plain(found["language"]), priority=found["priority"]))  # fmt: skip
    return out


def outbound_words(found: Mapping[str, Any]) -> Text:
    """The way of a call to the outside, or why it has none."""
    out = Text()
    if found["refused"]:
        out.append(f"✖ {plain(found['refused'])}\n", style="bold")
    for place, each in enumerate(found["attempts"], 1):
        out.append(f"{place}. {plain(each['trunk'])}", style="bold")
        details = [
            f"{key}: {plain(value)}" for key, value in each.items() if key != "trunk" and value not in (None, "")
        ]
        out.append(f"   {' · '.join(details)}\n")
    for key, value in found.items():
        if key not in ("refused", "attempts") and value not in (None, "", [], {}):
            out.append(f"{key}: ", style="dim")
            out.append(f"{plain(value)}\n")
    return out
