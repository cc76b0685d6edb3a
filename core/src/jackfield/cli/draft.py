"""Commands for the draft: single objects, its revisions, undo, discard."""

from __future__ import annotations

import json as json_text
import tomllib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.errors import SiteError
from jackfield.i18n import gettext_for

if TYPE_CHECKING:
    from jackfield.config.kinds import Kind as SiteKind

_ = gettext_for("jackfield")
Kind = Annotated[str, typer.Argument(help="Kind, as in did.")]
Name = Annotated[str, typer.Argument(help="Name.")]
Expected = Annotated[
    int | None, typer.Option("--revision", help="Refuse when the object was changed after this revision.", min=0)
]


def show(
    kind: Annotated[str, typer.Argument(help="Kind; all when left out.")] = "",
    name: Annotated[str, typer.Argument(help="Name; all of the kind when left out.")] = "",
    json: Json = False,
) -> None:
    """Show an object of the draft, or list those of a kind, or all. Secrets are masked, defaults are left out."""
    _show_one(kind, name, json) if name else _list(kind, json)


def _list(kind: str, json: bool) -> None:
    """Objects, and the revision that changed each last."""
    versions = open_context().workspace.drafts.versions()
    rows = [
        {"kind": k, "name": name, "revision": number}
        for (k, name), number in sorted(versions.items())
        if kind in ("", k)
    ]
    output.as_json(rows) if json else output.records(rows, _("There is none."))


def _show_one(kind: str, name: str, json: bool) -> None:
    from jackfield.config.plan import masked

    context = open_context()
    workspace = context.workspace
    body = workspace.drafts.bodies().get((kind, name))
    if body is None:
        raise SiteError([_("there is no {kind} {name}").format(kind=kind, name=repr(name))])
    known = context.host.kinds().get(kind)
    shown = masked(body, known.model if known else None) | {"revision": workspace.drafts.versions()[kind, name]}
    if json:
        output.as_json(shown)
        return
    for key, value in shown.items():
        typer.echo(f"{key} = {json_text.dumps(value, ensure_ascii=False)}")


def set_(
    kind: Kind,
    name: Name,
    fields: Annotated[list[str], typer.Argument(help="FIELD=VALUE, as in destination=queue:sales; FIELD= resets it.")],
    revision: Expected = None,
    json: Json = False,
) -> None:
    """Change the named fields of an object, or make it; the others stay. The whole draft is checked first."""
    context = open_context()
    known = context.host.kinds().get(kind)
    values = {key: _value(known, key, text) if text else None for key, text in map(_pair, fields)}
    number = context.workspace.set_fields(kind, name, values, revision)
    if json:
        output.as_json({"revision": number})
        return
    typer.echo(_("The draft is at revision {number}. Next: jackfield plan").format(number=number))


def delete(kind: Kind, name: Name, revision: Expected = None, json: Json = False) -> None:
    """Take an object out of the draft; when others need it, nothing changes and they are named."""
    from jackfield.config.references import dependents

    workspace = open_context().workspace
    if needed_by := dependents(workspace.draft()[0], kind, name):
        raise SiteError(
            [_("{kind} {name} is needed by {other}").format(kind=kind, name=name, other=o) for o in needed_by]
        )
    number = workspace.remove(kind, name, revision)
    if json:
        output.as_json({"revision": number})
        return
    typer.echo(_("The draft is at revision {number}. Next: jackfield plan").format(number=number))


def _pair(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise SiteError([_("{word} is not FIELD=VALUE").format(word=repr(word))])
    return key, value


def _value(kind: SiteKind | None, key: str, text: str) -> Any:
    """A TOML value where the field takes one, else the text: `201` is a number for one field, a name for another."""
    from pydantic import TypeAdapter, ValidationError

    field = kind.model.model_fields.get(key) if kind else None
    try:
        value = tomllib.loads(f"v = {text}")["v"]
        if field is not None:
            wanted: Any = Annotated[field.annotation, field]
            TypeAdapter(wanted).validate_json(json_text.dumps(value), strict=True)
    except (ValueError, TypeError, ValidationError):
        return text
    return value


def revisions(json: Json = False) -> None:
    """List the changes of the draft, newest first: who changed what, when."""
    rows = [
        {
            "number": r.number,
            "time": r.created_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            "author": r.author,
            "what": r.what,
            "objects": [str(edit) for edit in (r.edits if json else r.edits[:6])],
        }
        for r in open_context().workspace.revisions()
    ]
    output.as_json(rows) if json else output.records(rows, _("The draft has not been changed yet."))


def undo(
    force: Annotated[bool, typer.Option("--force", help="Also when the last change is another one's.")] = False,
    json: Json = False,
) -> None:
    """Take the last change of the draft back; once more takes the one before back. What is in force stays."""
    undone = open_context().workspace.undo(others=force)
    if json:
        output.as_json({"undone": undone.number, "what": str(undone)})
        return
    typer.echo(_("Taken back: {change}").format(change=undone))


def discard(json: Json = False) -> None:
    """Make the draft what is in force again. `jackfield undo` takes that back."""
    number = open_context().workspace.discard()
    if json:
        output.as_json({"revision": number})
        return
    typer.echo(_("The draft (revision {number}) is what is in force.").format(number=number))
