"""The site over the control API: objects of the draft, import, plan, apply. The work is done in another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jackfield.control.method import Caller, Method, Role
from jackfield.control.protocol import Raw
from jackfield.control.site_processes import SiteProcesses

Kind = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$", description="Kind, as did")]
Name = Annotated[str, Field(min_length=1, max_length=64, description="Name of the object")]
Expected = Annotated[
    int | None,
    Field(ge=0, description="Refuse when the object was changed after this revision of the draft; 0: it must be new"),
]
Reason = Annotated[str, Field(max_length=500, description="Why; kept in the history")]
Fields = Annotated[dict[str, Any], Field(description="Field → value; null: back to its default")]
Publish = Callable[..., None]


class Change(BaseModel):
    """A change of an object, one of several."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Kind
    name: Name
    fields: dict[str, Any] | None = Field(description="Field → value (null: its default); null: take it out")
    expected: Expected = None


def methods(processes: SiteProcesses, publish: Publish) -> list[Method]:
    """Control methods about the site. `publish` tells subscribers of `site` about progress and changes."""

    def run(caller: Caller, action: str, **params: Any) -> Raw:
        def progress(done: int, total: int, what: str) -> None:
            publish("site", what="progress", action=action, done=done, total=total, text=what, who=caller.name)

        return processes.run(action, caller.name, params, progress)

    def changed(caller: Caller, action: str, **params: Any) -> Raw:
        found = run(caller, action, **params)
        publish("site", what=action, who=caller.name, kind=params.get("kind", ""), name=params.get("name", ""))
        return found

    def kinds(caller: Caller) -> Raw:
        """The kinds of objects, each with the JSON schema of its fields."""
        return run(caller, "kinds")

    def list_(caller: Caller, kind: Annotated[str, Field(max_length=32, description="All when left out")] = "") -> Raw:
        """Objects of the draft, and the revision that changed each last."""
        return run(caller, "list", kind=kind)

    def get(caller: Caller, kind: Kind, name: Name) -> Raw:
        """An object of the draft: the fields that are set (secrets are masked), its revision, and what uses it."""
        return run(caller, "get", kind=kind, name=name)

    def objects(caller: Caller, kind: Kind) -> Raw:
        """A kind's objects of the draft with the fields that are set (secrets are masked), and their revisions."""
        return run(caller, "objects", kind=kind)

    def secrets(caller: Caller, kind: Kind, name: Name) -> Raw:
        """An object's secrets, by field."""
        return run(caller, "secrets", kind=kind, name=name)

    def places(caller: Caller) -> Raw:
        """Where calls can be sent by the draft: kinds of destinations and their names; and the music that there is."""
        return run(caller, "places")

    def examine(
        caller: Caller,
        kind: Kind,
        name: Annotated[str, Field(max_length=200, description="Name of the object, as far as it is written")],
        fields: Fields,
    ) -> Raw:
        """What would be wrong with an object after a change; nothing is changed."""
        return run(caller, "examine", kind=kind, name=name, fields=fields)

    def change(
        caller: Caller,
        changes: Annotated[list[Change], Field(min_length=1, max_length=5000, description="All of them, or none")],
        what: Annotated[str, Field(min_length=1, max_length=80, description="In a few words, for the history")],
    ) -> Raw:
        """Change, make and remove several objects of the draft as one revision."""
        return changed(caller, "change", changes=[each.model_dump() for each in changes], what=what)

    def sound(
        caller: Caller,
        data: Annotated[str, Field(max_length=24_000_000, description="A wav or flac file, in base64")],
    ) -> Raw:
        """Keep a sound file for a prompt; the answer is the name by which its `file` names it."""
        return run(caller, "keep_sound", data=data)

    def set_(
        caller: Caller,
        kind: Kind,
        name: Name,
        fields: Fields,
        expected: Expected = None,
    ) -> Raw:
        """Change the named fields of an object of the draft, or make it; the other fields stay."""
        return changed(caller, "set", kind=kind, name=name, fields=fields, expected=expected)

    def delete(caller: Caller, kind: Kind, name: Name, expected: Expected = None) -> Raw:
        """Take an object out of the draft."""
        return changed(caller, "delete", kind=kind, name=name, expected=expected)

    def import_(
        caller: Caller,
        text: Annotated[str, Field(max_length=8 * 1024 * 1024, description="The site file (TOML)")],
        files: Annotated[dict[str, str], Field(description="Sounds that it names, in base64")] = {},  # noqa: B006
        meanwhile: Annotated[
            Literal["refuse", "merge", "replace"], Field(description="When others have changed the draft since")
        ] = "refuse",
    ) -> Raw:
        """Replace the draft with a site file; on any mistake nothing changes."""
        return changed(caller, "import", text=text, files=files, meanwhile=meanwhile)

    def export(caller: Caller) -> Raw:
        """The draft as a site file, secrets included."""
        return run(caller, "export")

    def check(caller: Caller) -> Raw:
        """What is wrong with the draft."""
        return run(caller, "check")

    def revisions(caller: Caller, limit: Annotated[int, Field(ge=1, le=500)] = 50) -> Raw:
        """Changes of the draft, newest first."""
        return run(caller, "revisions", limit=limit)

    def undo(caller: Caller, others: Annotated[bool, Field(description="Also another one's change")] = False) -> Raw:
        """Take the last change of the draft back."""
        return changed(caller, "undo", others=others)

    def discard(caller: Caller) -> Raw:
        """Make the draft what is in force."""
        return changed(caller, "discard")

    def plan(caller: Caller) -> Raw:
        """What apply would change."""
        return run(caller, "plan")

    def apply(
        caller: Caller,
        reason: Reason = "",
        force: Annotated[bool, Field(description="Also what others have changed since you looked")] = False,
        installed: Annotated[
            bool, Field(description="Not the draft: the site in force, written for what is installed now")
        ] = False,
    ) -> Raw:
        """Put the draft in force; when Asterisk refuses it, the generation before is in force again."""
        return changed(caller, "apply", reason=reason, force=force, installed=installed)

    def rollback(
        caller: Caller, number: Annotated[int | None, Field(ge=1, description="The one before when left out")] = None
    ) -> Raw:
        """Put an earlier generation in force again."""
        return changed(caller, "rollback", number=number)

    def diff(caller: Caller, old: Annotated[int, Field(ge=1)], new: Annotated[int | None, Field(ge=1)] = None) -> Raw:
        """What leads from one generation to another, by default to the one in force."""
        return run(caller, "diff", old=old, new=new)

    def history(caller: Caller) -> Raw:
        """Generations, newest first."""
        return run(caller, "history")

    def test_in(who: Caller, did: str, trunk: str | None = None, caller: str = "", at: str | None = None) -> Raw:
        """Which inbound route of the draft a call would take, and why."""
        return run(who, "test_in", did=did, trunk=trunk, number=caller, at=at)

    def test_out(caller: Caller, number: str, extension: str | None = None, at: str | None = None) -> Raw:
        """How a number would go out by the draft, were all trunks well and free; or why not."""
        return run(caller, "test_out", number=number, extension=extension, at=at)

    one = "{kind}:{name}"
    return [
        Method("site.kinds", kinds, Role.VIEWER),
        Method("site.list", list_, Role.OPERATOR),
        Method("site.get", get, Role.OPERATOR, personal=True, object=one),
        Method("site.objects", objects, Role.OPERATOR, personal=True, object="{kind}"),
        Method("site.secrets", secrets, personal=True, object=one),
        Method("site.places", places, Role.OPERATOR),
        Method("site.examine", examine, Role.OPERATOR),
        Method("site.change", change, change=True, object="{what}"),
        Method("site.sound", sound, change=True),
        Method("site.set", set_, change=True, object=one),
        Method("site.delete", delete, change=True, object=one),
        Method("site.import", import_, change=True),
        Method("site.export", export, personal=True),
        Method("site.check", check, Role.OPERATOR),
        Method("site.revisions", revisions, Role.OPERATOR),
        Method("site.undo", undo, change=True),
        Method("site.discard", discard, change=True),
        Method("site.plan", plan, Role.OPERATOR),
        Method("site.apply", apply, change=True, object="{reason}"),
        Method("site.rollback", rollback, change=True, object="{number}"),
        Method("site.diff", diff, Role.OPERATOR),
        Method("site.history", history, Role.OPERATOR),
        Method("site.test.in", test_in, Role.OPERATOR),
        Method("site.test.out", test_out, Role.OPERATOR),
    ]
