"""Voice menus as a tree that can be walked: what each key leads to, with what is wrong marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.texts import N_, _, plain

MENU = "ivr"
DEEPEST = 12
Bodies = Mapping[str, Mapping[str, Any]]


@dataclass
class Step:
    """A destination in the tree: how one gets there, and where it leads on."""

    how: str
    destination: str
    steps: list[Step] = field(default_factory=list)
    problem: str = ""


def trees(menus: Bodies, problems: list[Mapping[str, Any]], known: frozenset[str]) -> list[Step]:
    """Each menu that no other leads to, with everything below it; a circle of menus is cut where it closes.

    Args:
        menus: name → fields that are set.
        problems: findings of the draft's check.
        known: destinations that there are.
    """
    led_to = {to.removeprefix(f"{MENU}:") for body in menus.values() for _how, to in ways(body)}
    tops = [name for name in menus if name not in led_to]
    reached: set[str] = set()
    found = [_step("", f"{MENU}:{name}", menus, problems, known, (), reached) for name in tops]
    for name in menus:  # those that only lead to one another
        if name not in reached:
            found.append(_step("", f"{MENU}:{name}", menus, problems, known, (), reached))
    return found


def ways(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How → destination, of one menu."""
    found = sorted(body.get("keys", {}).items())
    return found + [(which, body[which]) for which in ("on_timeout", "on_invalid") if body.get(which)]


def _step(
    how: str, destination: str, menus: Bodies, problems: list[Mapping[str, Any]], known: frozenset[str],
    above: tuple[str, ...], reached: set[str],
) -> Step:  # fmt: skip
    step = Step(how, destination)
    kind, _colon, name = destination.partition(":")
    if kind != MENU:
        step.problem = "" if destination in known or not _listed(kind, known) else _("is not there")
        return step
    if name in above:
        step.problem = _("leads back up")
        return step
    body = menus.get(name)
    if body is None:
        step.problem = _("is not there")
        return step
    reached.add(name)
    step.problem = "; ".join(p["text"] for p in problems if p["kind"] == "menu" and p["name"] == name)
    if len(above) < DEEPEST:
        step.steps = [_step(h, to, menus, problems, known, (*above, name), reached) for h, to in ways(body)]
    return step


def _listed(kind: str, known: frozenset[str]) -> bool:
    """Whether all destinations of a kind are known by name."""
    return any(each.startswith(f"{kind}:") for each in known)


class MenuTree(ConsoleScreen):
    """All voice menus."""

    heading = N_("Voice menus")
    help_text = N_(
        "Voice menus as callers walk through them: arrows go, Enter opens what a key leads to, ! marks what is wrong. "
        "n makes a menu, l shows them as a list that can be sought and changed at once."
    )
    topics = frozenset({"site"})
    needs: ClassVar[Mapping[str, str]] = {"new": "site.set"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", N_("New")),
        Binding("l", "list", N_("List")),
        Binding("p", "plan", N_("Plan")),
    ]
    DEFAULT_CSS = """
    MenuTree Tree { height: 1fr; background: $background; padding: 0 1; }
    MenuTree #said { height: auto; max-height: 30%; border-top: solid $panel; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._menus: dict[str, Mapping[str, Any]] = {}
        self._prompts: dict[str, Mapping[str, Any]] = {}

    def body(self) -> ComposeResult:
        """The tree, and what callers hear."""
        tree: Tree[Step] = Tree("", id="menus")
        tree.show_root = False
        tree.guide_depth = 3
        yield tree
        with VerticalScroll(id="said", can_focus=False):
            yield Static(id="words", markup=False)

    def on_mount(self) -> None:
        """The tree has the keys."""
        self.query_one(Tree).focus()

    async def load(self) -> None:
        """Menus, what is said in them, what is wrong."""
        self._menus = {each["name"]: each["fields"] for each in await self.ask("site.objects", kind="menu")}
        self._prompts = {each["name"]: each["fields"] for each in await self.ask("site.objects", kind="prompt")}
        problems = (await self.ask("site.check"))["findings"]
        places = (await self.ask("site.places"))["destinations"]
        known = frozenset(f"{place['kind']}:{name}" for place in places for name in place["names"])
        tree: Tree[Step] = self.query_one("#menus", Tree)
        tree.clear()
        for step in trees(self._menus, problems, known):
            self._grow(tree.root, step)
        tree.root.expand_all()
        self.note(str(len(self._menus)) if self._menus else _("There is none yet. n makes one."))

    def _grow(self, above: TreeNode[Step], step: Step) -> None:
        label = Text()
        label.append(f"{step.how} " if step.how else "", style="bold")
        label.append(
            plain(step.destination) if step.how else self._title(step.destination), style="" if step.how else "bold"
        )
        if step.problem:
            label.append(f"  ! {plain(step.problem)}", style="bold red")
        if not step.steps:
            above.add_leaf(label, step)
            return
        node = above.add(label, step)
        for each in step.steps:
            self._grow(node, each)

    def _title(self, destination: str) -> str:
        name = destination.partition(":")[2]
        title = self._menus.get(name, {}).get("title", "")
        return f"{plain(name)} – {plain(title)}" if title else plain(name)

    @on(Tree.NodeHighlighted)
    def heard_there(self, event: Tree.NodeHighlighted[Step]) -> None:
        """What callers hear at this place."""
        self.query_one("#words", Static).update(self._said(event.node.data))

    def _said(self, step: Step | None) -> str:
        kind, _colon, name = (step.destination if step else "").partition(":")
        if kind == MENU and name in self._menus:
            name = str(self._menus[name].get("prompt", ""))
        elif kind != "prompt":
            return ""
        texts = self._prompts.get(name, {}).get("text", {})
        return "\n".join(f"{language}: {plain(text)}" for language, text in texts.items()) or _(
            "A sound: {name}"
        ).format(name=plain(name))

    @on(Tree.NodeSelected)
    def chosen(self, event: Tree.NodeSelected[Step]) -> None:
        """Open what stands there."""
        if event.node.data is not None:
            self.start(self._open(event.node.data.destination))

    async def _open(self, destination: str) -> None:
        kind, _colon, name = destination.partition(":")
        places = (await self.ask("site.places"))["destinations"]
        objects = next((place["objects"] for place in places if place["kind"] == kind), kind)
        there = await self.ask("site.list", kind=objects)
        if any(each["name"] == name for each in there):
            self.console.show_object(objects, name)
        else:
            self.notify(_("{destination} is not an object of the site.").format(destination=plain(destination)))

    def action_new(self) -> None:
        """An empty form."""
        self.console.drill("object", kind="menu")

    def action_list(self) -> None:
        """As a list."""
        self.console.drill("objects", kind="menu")

    def action_plan(self) -> None:
        """What apply would do."""
        self.console.drill("plan")
