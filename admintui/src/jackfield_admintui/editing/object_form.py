"""The form of an object: help at each field, checked by the daemon while one types, undo, saved into the draft."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.timer import Timer
from textual.widgets import Input, Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.editing.entries import BETWEEN_FIELDS, Entry, arrived, between_fields
from jackfield_admintui.editing.fields import FieldSpec, KindSpec, Shape, kind_spec
from jackfield_admintui.editing.form import NAME, Finding, Form
from jackfield_admintui.editing.kept import Kept
from jackfield_admintui.editing.listing import form_order
from jackfield_admintui.editing.pick import Pick
from jackfield_admintui.editing.secrets import ShowSecrets
from jackfield_admintui.editing.texts import NoValue
from jackfield_admintui.texts import N_, _, plain

RARE = frozenset({"prompt", "hangup", "feature", "park", "pickup", "privacy"})
"""Kinds of destinations that are offered after the others: few calls are sent to them, and there are many."""
CHECK_SECONDS = 0.25
"""After the last key; then the daemon looks at what is written."""


class ObjectForm(ConsoleScreen):
    """An object of the site, or a new one."""

    heading = N_("Object")
    help_text = N_(
        "Each line is a field; the help of the field that you are in stands below. What you write is checked while you "
        "write: ✖ tells what is wrong, ● marks what is not saved yet. Ctrl+S saves into the draft; nothing changes for "
        "callers before the plan is applied (p in the lists). An empty field means its default."
    )
    topics = frozenset({"site"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "save", N_("Save"), key_display="^s", priority=True),
        Binding("ctrl+z", "undo", N_("Undo"), key_display="^z", priority=True),
        Binding("ctrl+y", "redo", N_("Redo"), key_display="^y", show=False, priority=True),
        Binding("f4", "pick", N_("Choose")),
        Binding("f6", "secrets", N_("Show secrets"), show=False),
        Binding("f7", "theirs", N_("Take in others' changes"), show=False),
        *BETWEEN_FIELDS,
        Binding("enter", "field(1)", N_("Field below"), show=False),
    ]
    DEFAULT_CSS = """
    ObjectForm #sides { height: 1fr; layout: vertical; }
    ObjectForm #writing { height: 1fr; }
    ObjectForm #fields { height: 1fr; padding: 0 1; }
    ObjectForm #about { height: auto; min-height: 3; max-height: 6; border-top: solid $panel; padding: 0 1;
                        color: $foreground 85%; }
    ObjectForm.-wide #sides { layout: horizontal; }
    ObjectForm.-wide #writing { width: 2fr; height: 100%; }
    ObjectForm.-wide #about { width: 1fr; height: 100%; max-height: 100%; border-top: none;
                              border-left: solid $panel; padding: 0 1; }
    ObjectForm #whole { height: auto; max-height: 4; padding: 0 1; color: $warning; display: none; }
    ObjectForm #whole.-shown { display: block; }
    ObjectForm #whole.-bad { color: $error; }
    """

    def __init__(
        self, kind: str, name: str = "", copy: Mapping[str, Any] | None = None, kept: tuple[Path, Kept] | None = None
    ) -> None:
        """Without a name a new one; `copy` are the name and the fields that it begins with.

        `kept` is what a console before had not saved, and its file, which goes once the form has taken it up.
        """
        super().__init__()
        self._kept = kept
        self._kind, self._name, self._copy = kind, name, copy
        self.form: Form | None = None
        self._timer: Timer | None = None
        self._field: FieldSpec | None = None
        self._title = kind
        self._saving = False
        self._behind = False
        """Whether the draft has a newer one than this form began with."""
        self._tried: frozenset[str] = frozenset()
        """Fields that somebody has tried to save."""

    @property
    def crumb(self) -> str:
        """The object."""
        return f"{self._title}: {plain(self._name)}" if self._name else f"{self._title}: {_('new')}"

    def body(self) -> ComposeResult:
        """Fields, what is wrong with the whole, help."""
        with Container(id="sides"):
            with Vertical(id="writing"):
                yield VerticalScroll(id="fields", can_focus=False)
                yield Static(id="whole", markup=False)
            yield Static(id="about", markup=False)

    # -- what is there ---------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """The object at first; later only whether others have changed it. What is typed always stays."""
        if self.form is None:
            described = await self.ask("site.kinds")
            about = next((each for each in described if each["kind"] == self._kind), None)
            if about is None:
                raise Trouble(Why.REFUSED, _("No installed plugin knows the kind {kind}.").format(kind=self._kind))
            spec = kind_spec(about)
            await self._show(spec, await self._object(spec))
        elif not self.form.new:
            found = await self._object(self.form.spec)
            self._behind = found["revision"] != self.form.revision
        await self._check()

    async def _object(self, spec: KindSpec) -> dict[str, Any]:
        if not self._name:
            return {"name": "", "fields": {}, "revision": 0}
        listed = await self.ask("site.objects", kind=self._kind)
        found: dict[str, Any] | None = next((each for each in listed if each["name"] == self._name), None)
        if found is None and not spec.single:
            text = _("{kind} {name} is not in the draft any more.").format(kind=spec.title, name=self._name)
            raise Trouble(Why.REFUSED, text)
        return found or {"name": self._name, "fields": {}, "revision": 0}

    async def _show(self, spec: KindSpec, item: Mapping[str, Any]) -> None:
        self._title = spec.title
        self.form = Form(spec, item["name"], item["fields"], item["revision"])
        if self._copy is not None:
            self.form.begin_with(self._copy["name"], self._copy["fields"])
        fixed = not self.form.new or spec.single
        entries = [
            Entry(f, self.form.text(f.id), fixed=fixed and f.name == NAME, secret_set=f.id in self.form.secrets_set)
            for f in form_order(spec)
        ]
        place = self.query_one("#fields")
        await place.mount_all(entries)
        self.set_focus(entries[1 if fixed and len(entries) > 1 else 0].focus_target)
        self.note("")
        if self._kept is not None:
            self._take_up(*self._kept)

    def _take_up(self, path: Path, kept: Kept) -> None:
        assert self.form is not None
        for entry in self.query(Entry):
            if (text := kept.texts.get(entry.field.id)) is not None:
                self.form.write(entry.field.id, text)
                entry.show(text)
        self._keep()
        path.unlink(missing_ok=True)
        self._kept = None
        if kept.revision and kept.revision != self.form.revision:
            self.notify(_("Others have changed it since then; their changes are in, beneath what you wrote."))

    def _keep(self) -> None:
        """What is unsaved now is on disk; secrets are not."""
        form = self.form
        if form is None:
            return
        texts = {field.id: form.text(field.id) for field in form.spec.fields if not field.secret}
        unsaved = {identity: text for identity, text in texts.items() if identity in form.changed}
        if unsaved:
            self.console.keeper.keep(id(self), Kept(self._kind, form.name, form.revision, unsaved))
        else:
            self.console.keeper.forget(id(self))

    def left(self) -> None:
        """What is not saved is given up."""
        self.console.keeper.forget(id(self))

    # -- typing ----------------------------------------------------------------------------------------------------

    @on(Entry.Written)
    def written(self, event: Entry.Written) -> None:
        """Keep it, and have it checked soon."""
        if self.form is None or self.form.text(event.field) == event.text:
            return
        self.form.write(event.field, event.text)
        self.forget_refusal()
        self._mark()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(CHECK_SECONDS, lambda: self.start(self._check(), group="check"))

    async def _check(self) -> None:
        """Keep what is written, and ask the daemon what is wrong with it."""
        self._keep()
        form = self.form
        if form is None or not form.readable or not form.name:
            self._mark()
            return
        found = await self.ask("site.examine", kind=self._kind, name=form.name, fields=form.values())
        form.hear(found["problems"])
        self._mark()

    def _mark(self) -> None:
        form = self.form
        if form is None:
            return
        findings = form.findings()
        for entry in self.query(Entry):
            identity = entry.field.id
            entry.mark(identity in form.changed, [f for f in findings if f.field == identity and self._tells(f)])
        whole = [f for f in findings if not f.field]
        place = self.query_one("#whole", Static)
        place.update("\n".join(f"{'✖' if f.refuses else '!'} {plain(f.text)}" for f in whole))
        place.set_class(bool(whole), "-shown")
        place.set_class(any(f.refuses for f in whole), "-bad")
        if self._behind:
            self.note(_("others have changed it meanwhile: F7 takes that in and keeps what you wrote"))
        elif form.changed:
            self.note(_("● {count} unsaved").format(count=len(form.changed)))
        elif not form.new:
            self.note("")

    def _tells(self, finding: Finding) -> bool:
        """An empty field of a new object is not told to be missing before anything is saved: `*` says so."""
        assert self.form is not None
        return bool(self.form.text(finding.field)) or not self.form.new or finding.field in self._tried

    @on(Entry.Entered)
    def entered(self, event: Entry.Entered) -> None:
        """The help of the field."""
        self._field = event.field
        lines = [Text(event.field.label, style="bold"), Text(plain(event.field.help))]
        if event.field.names_something:
            lines.append(Text(_("F4: choose from what there is"), style="italic"))
        if how := how_to_write(event.field):
            lines.append(Text(how, style="italic"))
        self.query_one("#about", Static).update(Text("\n").join(lines))

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Enter in a line: Textual's own meaning of it hides the binding."""
        self.action_field(1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Arrows go through the lines of a field that has some."""
        return between_fields(self, action) and super().check_action(action, parameters)

    def action_field(self, by: int) -> None:
        """The field above or below."""
        self.focus_next() if by > 0 else self.focus_previous()

    def action_undo(self) -> None:
        """The last change of the form back."""
        self._after_step(self.form.undo() if self.form else None)

    def action_redo(self) -> None:
        """What was undone again."""
        self._after_step(self.form.redo() if self.form else None)

    def _after_step(self, identity: str | None) -> None:
        if identity is None or self.form is None:
            self.notify(_("There is nothing to undo."))
            return
        entry = next(each for each in self.query(Entry) if each.field.id == identity)
        entry.show(self.form.text(identity))
        entry.focus_target.focus()
        self._mark()
        self.start(self._check(), group="check")

    # -- choosing --------------------------------------------------------------------------------------------------

    def action_pick(self) -> None:
        """From what there is."""
        if self._field is not None and self._field.names_something:
            self.start(self._offer(self._field))
        else:
            self.notify(_("There is nothing to choose for this field; write it."))

    async def _offer(self, field: FieldSpec) -> None:
        rows = await offers(self, field)

        def chosen(value: str | None) -> None:
            if value is not None and self.form is not None:
                text = with_choice(self.form.text(field.id), value, field)
                next(each for each in self.query(Entry) if each.field.id == field.id).show(text)

        self.app.push_screen(Pick(f"{self._title}: {field.label}", rows), chosen)

    # -- saving ----------------------------------------------------------------------------------------------------

    def unsaved(self) -> str:
        """What would be lost."""
        if self.form is None or not self.form.changed:
            return ""
        return _("{object}: {fields}").format(object=self.crumb, fields=", ".join(sorted(self.form.changed)))

    def action_save(self) -> None:
        """Into the draft."""
        if self.form is not None and not self._saving:
            self._saving = True  # a second one would be refused, as a change of somebody else
            self.start(self._save())

    async def _save(self) -> None:
        try:
            await self._put_into_draft()
        finally:
            self._saving = False

    async def _put_into_draft(self) -> None:
        form = self.form
        assert form is not None
        for identity, text in (await arrived(self)).items():
            form.write(identity, text)
        self._tried = frozenset(field.id for field in form.spec.fields)
        try:
            values = form.values()
        except NoValue as error:
            raise Trouble(Why.REFUSED, str(error)) from None
        if not form.name:
            raise Trouble(Why.REFUSED, _("Give it a name first."))
        if form.new and form.spec.single and not form.changed:
            values = {}
        known = form.revision if not form.new else 0
        found = await self.ask("site.set", kind=self._kind, name=form.name, fields=values, expected=known)
        made, self._name = form.new, form.name
        form.saved(found["revision"])
        self._keep()
        self._behind = False
        self._mark()
        self.notify(_("{object} is in the draft. p in a list shows the plan.").format(object=self.crumb))
        if made and form.spec.generated:
            secrets = await self.ask("site.secrets", kind=self._kind, name=self._name)
            self.app.push_screen(ShowSecrets(self.crumb, secrets), lambda _none: self.console.go_back())
        else:
            self.console.go_back()

    def action_secrets(self) -> None:
        """Show them; that is noted in the audit log."""
        if self.form is not None and not self.form.new:
            self.start(self._secrets())

    async def _secrets(self) -> None:
        found = await self.ask("site.secrets", kind=self._kind, name=self._name)
        self.app.push_screen(ShowSecrets(self.crumb, found))

    def action_theirs(self) -> None:
        """What others have changed, beneath what was typed here."""
        if self.form is not None and not self.form.new:
            self.start(self._theirs())

    async def _theirs(self) -> None:
        assert self.form is not None
        found = await self._object(self.form.spec)
        self.form.rebase(found["fields"], found["revision"])
        self._behind = False
        for entry in self.query(Entry):
            entry.show(self.form.text(entry.field.id))
        await self._check()

    def action_back(self) -> None:
        """Out; what is unsaved is asked about."""
        self.console.go_back()


def how_to_write(field: FieldSpec) -> str:
    """How several values are written."""
    if field.shape is Shape.LIST:
        return _("One on each line.")
    if field.shape is Shape.TABLE:
        return _("One on each line: key = value.")
    if field.shape is Shape.ROWS:
        return _('One on each line: name = value, name = value; texts in "quotes".')
    return ""


async def offers(screen: ConsoleScreen, field: FieldSpec) -> list[dict[str, str]]:
    """What may be written into a field that names something. Raises Trouble."""
    if field.refers:
        found = await screen.ask("site.objects", kind=field.refers)
        return [{"value": each["name"], "about": str(each["fields"].get("title", ""))} for each in found]
    if not (field.destination or field.music):
        return [{"value": each, "about": ""} for each in field.choices]
    places = await screen.ask("site.places")
    if field.music:
        return [{"value": each, "about": ""} for each in places["music"]]
    return [
        {"value": f"{kind['kind']}:{name}", "about": kind["title"]}
        for kind in sorted(places["destinations"], key=lambda kind: kind["kind"] in RARE)
        for name in kind["names"]
    ]


def with_choice(text: str, value: str, field: FieldSpec) -> str:
    """A field's text after something was chosen: a list gets one more, a table the value of its last key."""
    if field.shape is Shape.LIST:
        lines = [line for line in text.split("\n") if line.strip()]
        return "\n".join([*lines, value] if value not in lines else lines)
    if field.shape is Shape.TABLE:
        lines = text.rstrip().split("\n")
        key, _equals, _old = lines[-1].partition("=")
        return "\n".join([*lines[:-1], f"{key.strip() or '1'} = {value}"])
    return value
