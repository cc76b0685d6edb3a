"""The first set-up, page by page: from a bare system to an answered call. It can be left at any page."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event, Trouble, Why
from jackfield_admintui.editing.entries import BETWEEN_FIELDS, Entry, arrived, between_fields
from jackfield_admintui.editing.errands import ring
from jackfield_admintui.editing.fields import FieldSpec, KindSpec, kind_spec
from jackfield_admintui.editing.newcomer import (
    ROUTE,
    STATES,
    WELCOME,
    answered,
    changes,
    done,
    fields_of,
    language_of,
    recorded,
    steps,
    to_dial,
    trunk_name,
)
from jackfield_admintui.editing.object_form import how_to_write
from jackfield_admintui.editing.phone_sheet import brief, write
from jackfield_admintui.editing.plan import APPLY_SECONDS, words
from jackfield_admintui.editing.texts import NoValue, written
from jackfield_admintui.texts import N_, _, plain, told

PAGES_OF = {"record": {"number"}, "listen": {"number"}, "sheet": {"phones", "ready"}, "test": {"ready"},
            "next": {"", "site", "trunk", "phones", "number"}}  # fmt: skip
"""Action → the pages that offer its key."""
KINDS = ("general", "trunk", "extension", "did", "prompt", "menu", "queue", "agent")
REASON = "first set-up"


class FirstRun(ConsoleScreen):
    """Questions, one page after the other."""

    heading = N_("First set-up")
    help_text = N_(
        "A few questions, then the first call. F2 keeps a page's answers in the draft and goes on, F3 goes back; leave "
        "whenever you like: what you answered is in the draft, and the assistant begins where you stopped. "
        "Everything can be changed later in the lists of the menu."
    )
    topics = frozenset({"site", "trunk", "call", "phone"})
    needs: ClassVar = {
        "next": "site.change", "apply": "site.apply", "record": "prompts.record", "listen": "prompts.listen",
        "sheet": "phone.show", "test": "calls.test",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+s", "next", N_("Keep, go on"), priority=True, key_display="F2"),
        Binding("f3", "before", N_("Page before"), priority=True, key_display="F3"),
        Binding("f5", "apply", N_("Put into force"), priority=True, key_display="F5"),
        Binding("f4", "test", N_("Test call"), priority=True, key_display="F4"),
        Binding("f6", "record", N_("Record"), priority=True, key_display="F6"),
        Binding("f7", "listen", N_("Listen"), priority=True, key_display="F7"),
        Binding("f6", "sheet", N_("File"), priority=True, key_display="F6"),
        *BETWEEN_FIELDS,
    ]
    DEFAULT_CSS = """
    FirstRun #sides { height: 1fr; layout: horizontal; }
    FirstRun #steps { width: 20; height: 100%; padding: 1; border-right: solid $panel; }
    FirstRun #page { width: 1fr; height: 100%; padding: 1 1 0 1; }
    FirstRun #intro { height: auto; margin-bottom: 1; }
    FirstRun #questions { height: auto; }
    FirstRun #report { height: auto; margin-top: 1; }
    FirstRun #about { height: auto; min-height: 2; max-height: 4; border-top: solid $panel; padding: 0 1;
                      color: $foreground 85%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps = steps()
        self._place: int | None = None
        self._specs: dict[str, KindSpec] = {}
        self._there: dict[tuple[str, str], dict[str, Any]] = {}
        self._fields: list[FieldSpec] = []
        self._texts: dict[str, str] = {}
        self._saved: dict[str, str] = {}
        self._busy = ""
        """What is being done that takes a while."""

    def body(self) -> ComposeResult:
        """Pages at the left, questions beside them."""
        with Container(id="sides"):
            yield Static(id="steps")
            with VerticalScroll(id="page", can_focus=False):
                yield Static(id="intro", markup=False)
                yield Vertical(id="questions")
                yield Static(id="report")
        yield Static(id="about", markup=False)

    # -- pages -----------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """The draft; at first the page where it stops."""
        if not self._specs:
            self._specs = {each["kind"]: kind_spec(each) for each in await self.ask("site.kinds")}
        await self._look()
        if self._place is None:
            unanswered = (i for i, step in enumerate(self._steps) if not done(step, self._there))
            await self._turn_to(next(unanswered, len(self._steps) - 1))
        else:
            await self._report()

    async def _look(self) -> None:
        self._there = {
            (kind, each["name"]): each["fields"]
            for kind in KINDS
            if kind in self._specs
            for each in await self.ask("site.objects", kind=kind)
        }

    async def _turn_to(self, place: int) -> None:
        self._place = place
        step = self._steps[place]
        self._fields = fields_of(step, self._specs)
        known = answered(step, self._there)
        self._texts = {f.id: written(known.get(f.name, f.default if f.choices else None), f) for f in self._fields}
        self._saved = dict(self._texts)
        out = Text()
        for index, each in enumerate(self._steps):
            here, sign = index == place, "✔" if done(each, self._there) else " "
            out.append(f"{'▸' if here else ' '}{sign} {index + 1} {each.title}\n", style="bold" if here else "")
        self.query_one("#steps", Static).update(out)
        self.query_one("#intro", Static).update(f"{step.title}. {step.about}")
        self.query_one("#about", Static).update("")
        questions = self.query_one("#questions")
        await questions.remove_children()
        secret = ("trunk", trunk_name(self._there))
        has_secret = bool(self._there.get(secret, {}).get("secret"))
        entries = [Entry(f, self._texts[f.id], secret_set=f.secret and has_secret) for f in self._fields]
        await questions.mount_all(entries)
        if entries:
            self.set_focus(entries[0].focus_target)  # at once: somebody may be typing already
        self.note(_("page {number} of {count}").format(number=place + 1, count=len(self._steps)))
        self.refresh_bindings()
        await self._report()

    @on(Entry.Written)
    def written(self, event: Entry.Written) -> None:
        """Keep what is typed."""
        self._texts[event.field] = event.text

    @on(Entry.Entered)
    def entered(self, event: Entry.Entered) -> None:
        """The help of the question."""
        lines = [event.field.help, how_to_write(event.field)]
        self.query_one("#about", Static).update("\n".join(plain(line) for line in lines if line))

    def unsaved(self) -> str:
        """What is typed on this page and not in the draft."""
        changed = sorted(key for key, text in self._texts.items() if text != self._saved.get(key))
        return _("First set-up: {fields}").format(fields=", ".join(changed)) if changed else ""

    def action_before(self) -> None:
        """The page before; what is typed on this one is not kept."""
        if self._place:
            self.start(self._turn_to(self._place - 1), group="page")

    def action_next(self) -> None:
        """Into the draft, and on."""
        if self._place is not None:
            self.start(self._next(self._place), group="page")

    async def _next(self, place: int) -> None:
        if place == len(self._steps) - 1:
            return
        await self._keep(place)
        await self._turn_to(place + 1)

    async def _keep(self, place: int) -> None:
        step = self._steps[place]
        self._texts.update(await arrived(self))
        for field in self._fields:
            if field.needed and not self._texts[field.id].strip():
                raise Trouble(Why.REFUSED, _("{field} is needed.").format(field=field.label))
        try:
            wanted = changes(step, self._fields, self._texts, self._there)
        except NoValue as error:
            raise Trouble(Why.REFUSED, str(error)) from None
        await self.ask("site.change", changes=wanted, what=f"{REASON}: {step.key}")
        self._saved = dict(self._texts)
        self.tell(None)
        await self._look()

    # -- the real thing --------------------------------------------------------------------------------------------

    def action_apply(self) -> None:
        """The answers so far, into force."""
        if self._place is not None:
            self._busy = _("Putting it into force; the first time sounds are made, which takes a while …")
            self.start(self._apply(self._place), group="page")

    async def _apply(self, place: int) -> None:
        try:
            if self._fields:
                await self._keep(place)
            self._show_progress()
            await self.ask("site.apply", reason=REASON, seconds=APPLY_SECONDS)
        finally:
            self._busy = ""
        self.notify(_("It is in force."))
        await self._turn_to(place)

    def heard(self, events: list[Event]) -> None:
        """How far the making of sounds is; and as of all screens."""
        told_of = [e["data"] for e in events if e["event"] == "site" and e.get("data", {}).get("what") == "progress"]
        if self._busy and told_of:
            self._show_progress("  {done}/{total}  {text}".format(**{k: plain(v) for k, v in told_of[-1].items()}))
        elif not self._busy:
            super().heard(events)

    def _show_progress(self, far: str = "") -> None:
        self.query_one("#report", Static).update(Text(self._busy + far, style="italic"))

    async def _report(self) -> None:
        """What is live on a page: the line's state, phones that come, all that is left to do, and calls."""
        step = self._steps[self._place or 0]
        found = Text()
        if step.key == "trunk":
            found = await self._line()
        elif step.key == "phones":
            found = await self._phones()
        elif step.key == "number" and recorded(self._there):
            found = Text(_("The greeting is recorded; F7 plays it to you. A text takes its place."), style="bold")
        elif step.key == "ready":
            found = await self._ready()
        self.query_one("#report", Static).update(found)

    async def _line(self) -> Text:
        name = trunk_name(self._there)
        trunks = {each["name"]: each for each in await self.ask("trunks")}
        if name not in trunks:
            return Text(_("It is not in force yet; F5 puts it into force and tests it."), style="italic")
        return Text(_("Now: ") + told(STATES.get(trunks[name]["state"], trunks[name]["state"])), style="bold")

    async def _in_force(self) -> list[tuple[dict[str, Any], bool]]:
        """The phones in force: account, and whether it is registered."""
        found = []
        for extension in await self.ask("extensions"):
            there = {device["name"]: device["registered"] for device in extension["devices"]}
            for account in await self.ask("phone.show", extension=extension["extension"]):
                found.append((account, bool(there.get(account["user_name"]))))
        return found

    async def _phones(self) -> Text:
        phones = await self._in_force()
        if not phones:
            return Text(_("None is in force yet; F5 puts them into force."), style="italic")
        if all(there for _account, there in phones):
            out = Text(_("All phones have come (F6 writes their settings into a file):") + "\n", style="bold")
        else:
            out = Text(_("Enter this into the phones (F6 writes all settings into a file):") + "\n", style="bold")
        for account, there in phones:
            out.append_text(brief(account, there))
        return out

    async def _ready(self) -> Text:
        plan = await self.ask("site.plan", seconds=APPLY_SECONDS)
        if not plan["empty"]:
            out = Text(_("F5 puts this into force:\n\n"), style="bold")
            out.append_text(words(plan))
            return out
        out = Text(_("All is in force. Line: "))
        out.append_text(await self._line())
        out.append("\n")
        out.append_text(await self._phones())
        if any(kind == "queue" for kind, _name in self._there):
            out.append(_("Each agent dials *11 at the phone to take calls from the queue.") + "\n")
        number = self._there.get(("did", ROUTE), {}).get("number", "")
        shown = _("Then call {number}, or F4 for a test call. Calls now:").format(number=plain(number))
        out.append("\n" + shown + "\n", style="bold")
        calls = await self.ask("calls")
        for call in calls:
            talking = _("they talk") if call["talking"] else _("rings or listens")
            out.append(f"  ● {plain(call['from'])} → {plain(call['did'])} → {plain(call['at'])}   {talking}\n")
        if not calls:
            out.append("  " + _("none yet; this page shows it at once") + "\n")
        return out

    # -- at a phone ------------------------------------------------------------------------------------------------

    def action_record(self) -> None:
        """The greeting, at a phone."""
        language = language_of(self._there)
        ring(self, "prompts.record", _("Record the greeting at which phone?"), self._recorded, prompt=WELCOME,
             language=language)  # fmt: skip

    def _recorded(self, good: bool) -> None:
        if good and self._place is not None:
            self._texts["greeting"] = ""
            self.start(self._take_recorded(self._place), group="page")

    async def _take_recorded(self, place: int) -> None:
        """What is typed stays; only the greeting is another one now."""
        await self._look()
        texts = {**self._texts, "greeting": ""}
        await self._turn_to(place)
        for entry in self.query(Entry):
            if entry.field.id in texts:
                entry.show(texts[entry.field.id])
        self._texts = texts

    def action_listen(self) -> None:
        """The greeting as it is written here, or recorded, at a phone."""
        text, language = self._texts.get("greeting", "").strip(), language_of(self._there)
        if not text and ("prompt", WELCOME) not in self._there:
            self.notify(_("There is no greeting yet: write one, or record it with F6."), severity="warning")
            return
        heard: dict[str, Any] = {"text": text} if text else {"prompt": WELCOME}
        ring(self, "prompts.listen", _("Listen to the greeting at which phone?"), language=language, **heard)

    def action_sheet(self) -> None:
        """All settings of all phones into a file."""
        self.start(self._sheet())

    async def _sheet(self) -> None:
        accounts = [account for account, _there in await self._in_force()]
        if not accounts:
            raise Trouble(Why.REFUSED, _("No phone is in force yet; F5 puts them into force."))
        try:
            path = await asyncio.to_thread(write, accounts)
        except OSError as error:
            text = _("The file cannot be written: {error}.").format(error=error)
            raise Trouble(Why.REFUSED, text) from None
        self.notify(_("The settings of all phones, with passwords, are in {path}").format(path=plain(path)), timeout=15)

    def action_field(self, by: int) -> None:
        """The field above or below."""
        self.focus_next() if by > 0 else self.focus_previous()

    def action_test(self) -> None:
        """A call to the number, from a phone."""
        number = to_dial(self._there)
        question = _("Which phone shall make the test call? It rings first; answer it.")
        ring(self, "calls.test", question, number=number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each page has keys of its own."""
        if self._busy and action in ("next", "before", "apply", "record", "test"):
            return False
        step = "" if self._place is None else self._steps[self._place].key
        pages = PAGES_OF.get(action)
        if not between_fields(self, action):
            return False
        return super().check_action(action, parameters) and (pages is None or step in pages)
