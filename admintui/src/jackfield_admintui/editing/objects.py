"""Lists of the site's objects, a kind each: seek, sort, mark, copy, delete, change many at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.confirm import Confirm, Prompt
from jackfield_admintui.editing.fields import FieldSpec, KindSpec, Shape, kind_spec
from jackfield_admintui.editing.listing import columns, free_name, rows, shown
from jackfield_admintui.editing.object_form import how_to_write, offers
from jackfield_admintui.editing.pick import Pick
from jackfield_admintui.editing.texts import NO, YES, NoValue, read
from jackfield_admintui.lists import ListScreen, SearchLine
from jackfield_admintui.texts import N_, _, plain, told
from jackfield_admintui.widgets.grid import Column, Grid, Row, by

TOLD = 8
"""Dependents that are named before a removal."""


class KindGrid(Grid):
    """A grid whose columns are known once the daemon has described the kind."""

    def set_columns(self, found: list[Column]) -> None:
        """These from now on."""
        self._columns = found


class Objects(ListScreen):
    """The objects of one kind."""

    kind: ClassVar[str] = ""
    topics = frozenset({"site"})
    with_details = True
    empty = N_("There is none yet. n makes one.")
    help_text = N_(
        "What the site has of this kind. Changes go into the draft, and callers notice nothing before you apply it: "
        "p shows the plan. Space marks several rows; delete and “change” then take all of them."
    )
    needs: ClassVar[Mapping[str, str]] = {
        "new": "site.set", "copy": "site.set", "delete": "site.change", "bulk": "site.change", "undo": "site.undo",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", N_("New")),
        Binding("c", "copy", N_("Copy")),
        Binding("d,delete", "delete", N_("Delete"), key_display="d"),
        Binding("b", "bulk", N_("Change")),
        Binding("p", "plan", N_("Plan")),
        Binding("u", "undo", N_("Undo")),
    ]

    def __init__(self, kind: str = "") -> None:
        super().__init__()
        self._kind = kind or type(self).kind
        self._spec: KindSpec | None = None
        self._objects: dict[str, dict[str, Any]] = {}

    @property
    def crumb(self) -> str:
        """The kind's title."""
        return self._spec.title if self._spec else told(self.heading) or self._kind

    def body(self) -> ComposeResult:
        """As of all lists; the columns come with the kind."""
        yield SearchLine(placeholder=_("What is sought, in any column"))
        with Horizontal(id="split"):
            yield KindGrid([Column("name", N_("name"))], by("name"), empty=self.empty)
            with VerticalScroll(id="details", can_focus=False):
                yield Static(id="about")

    async def load(self) -> None:
        """The kind at first, and its objects."""
        if self._spec is None:
            described = await self.ask("site.kinds")
            about = next((each for each in described if each["kind"] == self._kind), None)
            if about is None:
                raise Trouble(Why.REFUSED, _("No installed plugin knows the kind {kind}.").format(kind=self._kind))
            self._spec = kind_spec(about)
            self.query_one(KindGrid).set_columns(_columns(self._spec))
        found = await self.ask("site.objects", kind=self._kind)
        self._objects = {each["name"]: each for each in found}
        self.grid.show(rows(self._spec, found))

    async def details(self, row: Row) -> Text:
        """Every field that is set, and what uses the object."""
        item, out = self._objects.get(str(row["name"])), Text()
        if item is None or self._spec is None:
            return out
        out.append(f"{plain(item['name'])}\n", style="bold")
        for field in self._spec.fields:
            value = item["fields"].get(field.name)
            if field.key:
                value = value.get(field.key) if isinstance(value, Mapping) else None
            if value is not None and field.name != "name":
                out.append(f"{field.label}: ", style="dim")
                out.append(f"{plain(shown(value, field))}\n")
        used = (await self.ask("site.get", kind=self._kind, name=item["name"]))["used_by"]
        if used:
            out.append(_("used by: "), style="dim")
            out.append(", ".join(plain(each) for each in used[:TOLD]) + ("…" if len(used) > TOLD else ""))
        return out

    # -- one object ------------------------------------------------------------------------------------------------

    def open_row(self, row: Row) -> None:
        """Its form."""
        self.console.drill("object", kind=self._kind, name=str(row["name"]))

    def action_new(self) -> None:
        """An empty form."""
        self.console.drill("object", kind=self._kind)

    def action_copy(self) -> None:
        """A form with the same content and a name of its own; secrets are not copied."""
        if (row := self.current) is not None:
            self.start(self._copy(str(row["name"])))

    async def _copy(self, original: str) -> None:
        item = await self.ask("site.get", kind=self._kind, name=original)  # the list may be a moment behind
        name = free_name(original, self._objects)
        self.console.drill("object", kind=self._kind, copy={"name": name, "fields": item["fields"]})

    # -- several ---------------------------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Ask, with what depends on them."""
        self.start(self._delete([str(row["name"]) for row in self.grid.chosen_rows]))

    async def _delete(self, names: list[str]) -> None:
        if not names:
            return
        users: list[str] = []
        for name in names:
            users += (await self.ask("site.get", kind=self._kind, name=name))["used_by"]
        mine = tuple(f"{self._kind} {name} (" for name in names)
        if others := [each for each in dict.fromkeys(users) if not each.startswith(mine)]:
            text = _("{names}: still used by {users}. Change those first.")
            told_ = text.format(names=_few(names), users=_few(others))
            raise Trouble(Why.REFUSED, told_)
        self.confirm(
            _("Delete {names}?").format(names=_few(names)), partial(self._remove, names),
            _("It goes out of the draft; u takes that back. Nothing else uses it."), _("Delete"),
        )  # fmt: skip

    async def _remove(self, names: list[str]) -> None:
        changes = [self._change(name, None) for name in names]
        await self.ask("site.change", changes=changes, what=f"remove {self._kind} {_few(names)}"[:80])
        self.grid.marked.clear()

    def _change(self, name: str, fields: dict[str, Any] | None) -> dict[str, Any]:
        return {"kind": self._kind, "name": name, "fields": fields, "expected": self._objects[name]["revision"]}

    def action_bulk(self) -> None:
        """One field of all marked objects."""
        names = [str(row["name"]) for row in self.grid.chosen_rows]
        if self._spec is None or not names:
            return
        fields = [f for f in self._spec.fields if f.name != "name" and not f.secret]
        offered = [{"value": f.label, "about": f.help} for f in fields]

        def chosen(label: str | None) -> None:
            if label is not None:
                self._ask_value(next(f for f in fields if f.label == label), names)

        self.app.push_screen(Pick(_("Change which field of {names}?").format(names=_few(names)), offered), chosen)

    def _ask_value(self, field: FieldSpec, names: list[str]) -> None:
        def given(text: str | None) -> None:
            if text is not None:
                self.start(self._act(lambda: self._set_all(field, text, names)))

        if field.names_something and field.shape in (Shape.TEXT, Shape.CHOICE):
            self.start(self._offer(field, given))
        elif field.shape in (Shape.CHOICE, Shape.YES_NO):
            words = field.choices or (YES, NO)
            self.app.push_screen(Pick(field.label, [{"value": word, "about": ""} for word in words]), given)
        else:
            hint = _("empty: back to the default")
            what = _("{field} of {names}").format(field=field.label, names=_few(names))
            self.app.push_screen(Prompt(what, hint=hint, detail=f"{field.help}\n{how_to_write(field)}".strip()), given)

    async def _offer(self, field: FieldSpec, given: Any) -> None:
        self.app.push_screen(Pick(field.label, await offers(self, field)), given)

    async def _set_all(self, field: FieldSpec, text: str, names: list[str]) -> None:
        try:
            value = read(text, field)
        except NoValue as error:
            raise Trouble(Why.REFUSED, str(error)) from None
        changes = []
        for name in names:
            whole = value
            if field.key:
                whole = {**self._objects[name]["fields"].get(field.name, {}), field.key: value}
                whole = {key: each for key, each in whole.items() if each is not None} or None
            changes.append(self._change(name, {field.name: whole}))
        await self.ask("site.change", changes=changes, what=f"set {field.name} of {self._kind} {_few(names)}"[:80])
        self.notify(_("{field} is changed in the draft: {names}").format(field=field.label, names=_few(names)))

    # -- the draft -------------------------------------------------------------------------------------------------

    def action_plan(self) -> None:
        """What apply would do."""
        self.console.drill("plan")

    def action_undo(self) -> None:
        """The draft's last change back."""
        self.start(self._undo())

    async def _undo(self) -> None:
        await undo(self)
        self.reload()


async def undo(screen: ListScreen) -> None:
    """Take the draft's last change back; another one's only when the person says so. Raises Trouble."""
    last = await screen.ask("site.revisions", limit=1)
    if not last:
        screen.notify(_("There is nothing to undo."))
        return
    mine = last[0]["author"] == screen.console.station.user

    async def take_back() -> None:
        found = await screen.ask("site.undo", others=not mine)
        screen.notify(_("Taken back: {what}").format(what=plain(found["what"])))
        screen.reload()

    if mine:
        await take_back()
        return
    question = _("The last change is of {author}: {what}. Take it back?")
    text = question.format(author=plain(last[0]["author"]), what=plain(last[0]["what"]))
    screen.app.push_screen(Confirm(text), lambda yes: screen.start(take_back()) if yes else None)


def _columns(spec: KindSpec) -> list[Column]:
    found = columns(spec)
    numbers = (Shape.WHOLE, Shape.NUMBER)
    return [
        Column("name", N_("name"), most=24),
        *(
            Column(field.id, field.label, right=field.shape in numbers, flex=place == 0, most=60, drop=place)
            for place, field in enumerate(found)
        ),
    ]


def _few(names: list[str]) -> str:
    """Some of the names, and how many more."""
    more = len(names) - TOLD
    return ", ".join(plain(each) for each in names[:TOLD]) + (
        _(" and {count} more").format(count=more) if more > 0 else ""
    )


class Trunks(Objects):
    """Ways to carriers."""

    kind, heading = "trunk", N_("Trunks")


class InboundRoutes(Objects):
    """Which number leads where."""

    kind, heading = "did", N_("Inbound routes")


class OutboundRoutes(Objects):
    """Which number goes out over which trunk."""

    kind, heading = "outbound-route", N_("Outbound routes")


class Extensions(Objects):
    """Phones."""

    kind, heading = "extension", N_("Extensions")


class Queues(Objects):
    """Lines of callers."""

    kind, heading = "queue", N_("Queues")


class Agents(Objects):
    """People who take calls from queues, and what they can."""

    kind, heading = "agent", N_("Agents")


class BusinessHours(Objects):
    """When somebody is there."""

    kind, heading = "hours", N_("Business hours")


class CallerLists(Objects):
    """Callers who are treated otherwise."""

    kind, heading = "caller-list", N_("Caller lists")
