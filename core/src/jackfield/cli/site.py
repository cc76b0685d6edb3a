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
from jackfield.prompts.tools import MAX_UPLOAD

if TYPE_CHECKING:
    from jackfield.config.apply import Applied
    from jackfield.config.plan import Plan

MAX_BYTES = 8 * 1024 * 1024
"""A site file larger than this is not read."""
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; kept in the history.")]


def import_(
    file: Annotated[Path, typer.Argument(help="Site file (TOML); - reads standard input.")], json: Json = False
) -> None:
    """Replace the draft with a site file.

    Every mistake is reported with its line, and on any mistake nothing changes. `jackfield plan` then shows what
    `jackfield apply` would do. Secrets that the file leaves out are kept, or made.
    """
    text, sounds = _read(file)
    context = open_context()
    site = context.workspace.import_text(text, lambda name: _sound(sounds, name))
    counts = {kind: len(site.names(kind)) for kind in site.kinds()}
    if json:
        output.as_json({"objects": counts, "warnings": context.plugin_warnings()})
        return
    for warning in context.plugin_warnings():
        output.note(f"warning: {warning}")
    typer.echo(f"The draft holds {', '.join(f'{n} {kind}' for kind, n in counts.items())}. Next: jackfield plan")


def _read(file: Path) -> tuple[str, dict[str, bytes | OSError]]:
    """The site file and the sounds that it names, read with the caller's own rights, before they are given up."""
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SiteError([f"{file} is larger than {MAX_BYTES // 1024 // 1024} MB; that is no site"])
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SiteError([f"{file} cannot be read: {error.strerror}; name a site file"]) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SiteError([f"line {line}: the file is not UTF-8; save it as UTF-8"]) from None
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
) -> None:
    """Write the draft as a site file, secrets included; `jackfield import` of it gives the same site."""
    if file is None:
        typer.echo(open_context().workspace.export_text(), nl=False)
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise SiteError([f"{file} cannot be written: {error.strerror}; name another file"]) from None
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(open_context().workspace.export_text())
    output.note(f"Written to {file}. It holds secrets; keep it as one.")


def check(json: Json = False) -> None:
    """Look for mistakes in the draft; exit code 1 when there are any."""
    context = open_context()
    left_out = context.workspace.draft()[1]
    problems = context.workspace.check()
    found = sentences(p for p in problems if not p.warning)
    warnings = [*sentences(p for p in problems if p.warning), *context.plugin_warnings()]
    if json:
        output.as_json({"problems": found, "left_out": left_out, "warnings": warnings})
    else:
        for line in [*found, *left_out, *(f"warning: {w}" for w in warnings)]:
            typer.echo(line)
        if not found and not left_out:
            typer.echo("No mistakes.")
    if found or left_out:
        raise typer.Exit(1)


def plan(
    json: Json = False,
    files: Annotated[bool, typer.Option("--files", help="Also show how Asterisk's files change.")] = False,
) -> None:
    """Show what `jackfield apply` would change."""
    context = open_context()
    planned = context.workspace.plan()
    if json:
        output.as_json(planned.to_dict() | {"empty": planned.empty, "plugins": context.plugin_warnings()})
        return
    for warning in context.plugin_warnings():
        output.note(f"warning: {warning}")
    _show_plan(planned, files=files)


def _show_plan(planned: Plan, *, files: bool) -> None:
    for warning in planned.warnings:
        output.note(f"warning: {warning}")
    if planned.empty:
        typer.echo(f"Nothing to do: generation {planned.base} is what the draft says.")
        return
    signs = {"added": "+", "changed": "~", "removed": "-"}
    for change in planned.changes:
        typer.echo(f"{signs[change.action]} {change.kind} {change.name}")
        for field in change.fields:
            typer.echo(f"    {field}")
    if files:
        for text in planned.diffs.values():
            typer.echo(text, nl=False)
    steps = planned.reloads
    if steps.files:
        typer.echo(f"Files: {', '.join(steps.files)}")
    if planned.base is not None and (steps.load or steps.reload):
        actions = [*(f"load {m}" for m in steps.load), *(f"reload {m}" for m in steps.reload)]
        typer.echo(f"Asterisk: {', '.join(actions)}")
        for why in steps.restart:
            typer.echo(f"Asterisk needs a restart {why}.")
    if planned.new_sounds:
        typer.echo(f"Sounds to make: {planned.new_sounds}")


def apply(
    reason: Reason = "",
    json: Json = False,
    installed: Annotated[
        bool, typer.Option("--installed", help="Not the draft: write the site in force for what is installed now.")
    ] = False,
) -> None:
    """Put the draft in force. When Asterisk refuses it, the generation before is in force again."""
    workspace = open_context().workspace
    shown = not json and sys.stderr.isatty()
    change = workspace.refresh if installed else workspace.apply
    planned, applied = change(reason, _progress if shown else None)
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
    output.as_json(rows) if json else output.records(rows, "No generation yet. Next: jackfield import FILE")


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
        output.note(f"note: {line}")
    typer.echo(f"Generation {applied.number} is in force.")
