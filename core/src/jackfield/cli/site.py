"""Commands that change the site: import, check, plan, apply, rollback, history, export."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.config.problems import sentences
from jackfield.errors import SiteError
from jackfield.i18n import gettext_for
from jackfield.prompts.tools import MAX_UPLOAD

if TYPE_CHECKING:
    from jackfield.config.apply import Applied
    from jackfield.config.plan import Plan

_ = gettext_for("jackfield")
MAX_BYTES = 8 * 1024 * 1024
"""A site file larger than this is not read."""
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; kept in the history.")]


def import_(
    file: Annotated[Path, typer.Argument(help="Site file (TOML); - reads standard input.")],
    json: Json = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="Keep what others changed meanwhile, where the fields differ.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Drop what others changed in the draft meanwhile.")] = False,
) -> None:
    """Replace the draft with a site file.

    Every mistake is reported with its line, and on any mistake nothing changes. When others have changed the draft
    since the file was exported, it is refused and says who changed what. `jackfield plan` then shows what
    `jackfield apply` would do. Secrets that the file leaves out are kept, or made.
    """
    from jackfield.config.editing import Meanwhile

    text, sounds = _read(file)
    context = open_context()
    meanwhile = Meanwhile.REPLACE if force else Meanwhile.MERGE if merge else Meanwhile.REFUSE
    site = context.workspace.import_text(text, lambda name: _sound(sounds, name), meanwhile)
    counts = {kind: len(site.names(kind)) for kind in site.kinds()}
    warnings = context.plugin_warnings() + sentences(context.workspace.check())
    if json:
        output.as_json({"objects": counts, "warnings": warnings})
        return
    for warning in warnings:
        output.note(_("warning: {warning}").format(warning=warning))
    held = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    typer.echo(_("The draft holds {objects}. Next: jackfield plan").format(objects=held))


def _read(file: Path) -> tuple[str, dict[str, bytes | OSError]]:
    """The site file and the sounds that it names, read with the caller's own rights, before they are given up."""
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SiteError(
                [
                    _("{file} is larger than {size} MB; that is no site").format(
                        file=file, size=MAX_BYTES // 1024 // 1024
                    )
                ]
            )
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SiteError(
            [_("{file} cannot be read: {error}; name a site file").format(file=file, error=error.strerror)]
        ) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SiteError([_("line {line}: the file is not UTF-8; save it as UTF-8").format(line=line)]) from None
    sounds: dict[str, bytes | OSError] = {}
    try:
        prompts = tomllib.loads(text).get("prompt", [])
    except (tomllib.TOMLDecodeError, RecursionError):
        return text, sounds  # the import reports it
    for prompt in prompts if isinstance(prompts, list) else []:
        files = prompt.get("file") if isinstance(prompt, dict) else None
        for name in files.values() if isinstance(files, dict) else []:
            if isinstance(name, str) and name not in sounds:
                sounds[name] = _bytes(file.parent / name)
    return text, sounds


def _bytes(path: Path) -> bytes | OSError:
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_UPLOAD + 1)
    except OSError as error:
        return error
    except ValueError as error:  # a NUL in the name
        return OSError(0, str(error))


def _sound(sounds: dict[str, bytes | OSError], name: str) -> bytes:
    found = sounds.get(name, OSError(0, "not named in the file"))
    if isinstance(found, OSError):
        raise found
    return found


def export(
    file: Annotated[Path | None, typer.Argument(help="File to write; standard output when left out.")] = None,
    json: Json = False,
) -> None:
    """Write the draft as a site file, secrets included; `jackfield import` of it gives the same site."""
    if file is None and json:
        output.as_json({"text": open_context().workspace.export_text()})
        return
    if file is None:
        typer.echo(open_context().workspace.export_text(), nl=False)
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise SiteError(
            [_("{file} cannot be written: {error}; name another file").format(file=file, error=error.strerror)]
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(open_context().workspace.export_text())
    output.note(_("Written to {file}. It holds secrets; keep it as one.").format(file=file))


def check(json: Json = False) -> None:
    """Look for mistakes in the draft; exit code 1 when there are any. Warnings refuse nothing."""
    context = open_context()
    left_out = context.workspace.draft()[1]
    found = context.workspace.check()
    wrong = sentences(p for p in found if p.refuses)
    strange = [*sentences(p for p in found if not p.refuses), *context.plugin_warnings()]
    if json:
        output.as_json({"problems": wrong, "left_out": left_out, "warnings": strange})
    else:
        for line in [*wrong, *left_out]:
            typer.echo(line)
        for warning in strange:
            output.note(_("warning: {warning}").format(warning=warning))
        if not wrong and not left_out:
            typer.echo(_("No mistakes."))
    if wrong or left_out:
        raise typer.Exit(1)


def plan(
    json: Json = False,
    files: Annotated[bool, typer.Option("--files", help="Also show how Asterisk's files change.")] = False,
) -> None:
    """Show what `jackfield apply` would change: what it means for whom, and with --files Asterisk's files."""
    context = open_context()
    planned = context.workspace.plan()
    if json:
        output.as_json(planned.to_dict() | {"empty": planned.empty, "plugins": context.plugin_warnings()})
        return
    for warning in context.plugin_warnings():
        output.note(_("warning: {warning}").format(warning=warning))
    _show_plan(planned, files=files)


def diff(
    old: Annotated[int | None, typer.Argument(help="Generation; the one in force when left out.", min=1)] = None,
    new: Annotated[int | None, typer.Argument(help="Generation; the one in force when left out.", min=1)] = None,
    json: Json = False,
) -> None:
    """Show what differs: between two generations, or (without numbers) between what is in force and the draft."""
    workspace = open_context().workspace
    planned = workspace.plan() if old is None else workspace.difference(old, new)
    if json:
        output.as_json({"changes": planned.to_dict()["changes"], "diffs": planned.diffs})
        return
    if not planned.changes and not planned.diffs:
        typer.echo(_("There is no difference."))
    _show_changes(planned, files=True)


def _show_plan(planned: Plan, *, files: bool) -> None:
    for warning in planned.warnings:
        output.note(_("warning: {warning}").format(warning=warning))
    if planned.empty:
        typer.echo(_("Nothing to do: generation {number} is what the draft says.").format(number=planned.base))
        return
    _show_changes(planned, files=files)
    steps = planned.reloads
    if steps.files:
        typer.echo(_("Files: {files}").format(files=", ".join(steps.files)))
    if planned.base is not None and (steps.load or steps.reload):
        actions = [*(f"load {m}" for m in steps.load), *(f"reload {m}" for m in steps.reload)]
        typer.echo(f"Asterisk: {', '.join(actions)}")
        for why in steps.restart:
            typer.echo(_("Asterisk needs a restart {why}.").format(why=why))
    if planned.new_sounds:
        typer.echo(_("Sounds to make: {count}").format(count=planned.new_sounds))


def _show_changes(planned: Plan, *, files: bool) -> None:
    signs = {"added": "+", "changed": "~", "removed": "-"}
    for change in planned.changes:
        typer.echo(f"{signs[change.action]} {change.kind} {change.name}")
        for sentence in change.effects:
            typer.echo(f"    {sentence}")
    if files:
        for text in planned.diffs.values():
            typer.echo(text, nl=False)


def apply(
    reason: Reason = "",
    json: Json = False,
    installed: Annotated[
        bool, typer.Option("--installed", help="Not the draft: write the site in force for what is installed now.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what others put into the draft since you have seen it.")
    ] = False,
) -> None:
    """Put the draft in force. When Asterisk refuses it, the generation before is in force again."""
    workspace = open_context().workspace
    progress = _progress if not json and sys.stderr.isatty() else None
    if installed:
        planned, applied = workspace.refresh(reason, progress)
    else:
        planned, applied = workspace.apply(reason, progress, force=force)
    if json:
        output.as_json({"plan": planned.to_dict(), "applied": _applied(applied)})
        return
    _show_plan(planned, files=False)
    if applied is not None:
        _show_applied(applied)


def rollback(
    number: Annotated[int | None, typer.Argument(help="Generation; the one before when left out.", min=1)] = None,
    json: Json = False,
) -> None:
    """Put an earlier generation in force again. The draft stays; `jackfield plan` shows how it differs."""
    applied = open_context().workspace.rollback(number)
    if json:
        output.as_json({"applied": _applied(applied)})
    else:
        _show_applied(applied)


def history(json: Json = False) -> None:
    """List generations, newest first."""
    context = open_context()
    there = set(context.workspace.generations.numbers())
    rows = [
        {
            "number": row.number,
            "time": row.created_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            "author": row.author,
            "state": row.state,
            "on_disk": row.number in there,
            "reason": row.reason,
        }
        for row in context.workspace.history()
    ]
    output.as_json(rows) if json else output.records(rows, _("No generation yet. Next: jackfield import FILE"))


def _progress(done: int, total: int, what: str) -> None:
    typer.echo(f"\r\x1b[KSounds {done}/{total}  {what}", err=True, nl=done == total)


def _applied(applied: Applied | None) -> dict[str, object] | None:
    if applied is None:
        return None
    return {
        "number": applied.number,
        "running": applied.running,
        "loaded": applied.loaded,
        "reloaded": applied.reloaded,
        "notes": applied.notes,
    }


def _show_applied(applied: Applied) -> None:
    for line in applied.notes:
        output.note(_("note: {line}").format(line=line))
    typer.echo(_("Generation {number} is in force.").format(number=applied.number))
