"""Commands about plugins: list, info, check, enable, disable, log, purge."""

from __future__ import annotations

import json as json_text
import subprocess
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Json, open_context
from jackfield.cli.live import ask
from jackfield.cli.privileges import become_service_user
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

app = typer.Typer(no_args_is_help=True, help="Plugins: see them, check them, switch them off and on.")
Name = Annotated[str, typer.Argument(help="Name of a plugin, as `jackfield plugins list` shows it.")]
COLUMNS = ("name", "version", "api", "state", "faults", "stuck", "destinations", "reason")
SETTING = ("name", "value", "source", "default", "type", "description")
UNITS = ("jackfieldd", "jackfield-worker")


@app.command("list")
def list_(json: Json = False) -> None:
    """List plugins, and why one is not at work."""
    found = ask("plugins")
    if json:
        output.as_json(found)
        return
    output.records([{key: row.get(key) for key in COLUMNS} for row in found], _("No plugins."))


@app.command()
def info(name: Name, json: Json = False) -> None:
    """Show what a plugin is, brings, costs and did wrong. Secrets of its settings are hidden."""
    found = ask("plugins.info", plugin=name)
    output.as_json(found) if json else _show(found)


def _show(found: dict[str, Any]) -> None:
    lists = ("hooks", "settings", "brings", "last_faults", "destinations", "backups")
    output.table(["what", "value"], [[k.replace("_", " "), v] for k, v in found.items() if k not in lists])
    typer.echo("")
    output.table(["brings", ""], [[k.replace("_", " "), v] for k, v in found.get("brings", {}).items() if k != "hooks"])
    hooks, called = found.get("hooks", {}), found.get("brings", {}).get("hooks", [])
    rows = [{"hook": hook, **hooks.get(hook, {"calls": 0})} for hook in dict.fromkeys([*called, *hooks])]
    settings = [{key: row.get(key) for key in SETTING} for row in found.get("settings", [])]
    for title, table in (("settings", settings), ("hooks", rows), ("backups", found.get("backups", []))):
        if table:
            typer.echo(f"\n{title}:")
            output.records(table, "")
    for fault in found.get("last_faults", []):
        output.note(f"{fault['at']} {fault['what']}")


@app.command()
def check(name: Name, json: Json = False) -> None:
    """Load a plugin in a process of its own and say what is wrong with it. The daemon notices nothing.

    Exit code 1: something is wrong.
    """
    from jackfield.plugins.check import check as check_plugin

    become_service_user()
    found = check_plugin(name)
    if json:
        output.as_json(found)
    else:
        for problem in found["problems"]:
            typer.echo(problem)
        if not found["problems"]:
            typer.echo(
                _("{name} {version} is well; it brings {destinations}.").format(
                    name=name, version=found["version"], destinations=output.cell(found["brings"]["destinations"])
                )
            )
    if found["problems"]:
        raise typer.Exit(1)


@app.command()
def enable(name: Name, json: Json = False) -> None:
    """Switch a plugin on, also after restarts; try one anew that failed or was shut off. Calls go on."""
    _switched(ask("plugins.enable", plugin=name), json)


@app.command()
def disable(name: Name, json: Json = False) -> None:
    """Switch a plugin off, also after restarts. Its callers who wait go to their fallback; others finish."""
    _switched(ask("plugins.disable", plugin=name), json)


def _switched(found: dict[str, Any], json: bool) -> None:
    if json:
        output.as_json(found)
        return
    typer.echo(f"{found['name']}: {found['state']}" + (f" ({found['reason']})" if found["reason"] else ""))
    calls = found["calls_when_left"]
    if found["state"] == "disabled" and any(calls.values()):
        typer.echo(
            _("Calls in it: {fallback} went to the fallback, {finish} finish.").format(
                fallback=calls["fallback"], finish=calls["finish"]
            )
        )


@app.command()
def reload(json: Json = False) -> None:
    """Have the daemon take up plugins that were installed and let go of those that were removed.

    Exit code 4: it runs a former version of one, and must be restarted.
    """
    found = ask("plugins.reload")
    if json:
        output.as_json(found)
    else:
        output.records(
            [{key: row.get(key) for key in ("name", "version", "state", "reason")} for row in found], _("No plugins.")
        )
    if stale := [row["name"] for row in found if row["stale"]]:
        output.note(
            _("{stale}: jackfieldd runs the former version; systemctl restart jackfieldd").format(
                stale=", ".join(stale)
            )
        )
        raise typer.Exit(4)


@app.command()
def purge(
    name: Annotated[str, typer.Argument(help="Name of a plugin that is not installed any more, or switched off.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Remove what a plugin left: tables, jobs, schedules, folders. `apt purge` does it too.

    Its objects of the site stay in the draft, its section in the settings file, and former back-ups.
    """
    from jackfield.plugins.purge import purge_plugin, remains

    context = open_context(migrated=False)
    found = remains(context.host, context.database, context.settings, name)
    if found.anything() and not yes:
        if not sys.stdin.isatty():
            raise JackfieldError(_("nobody can be asked here, so nothing has changed; if you are sure, add --yes"))
        output.table(["what", "value"], [[key.replace("_", " "), value] for key, value in found.as_json().items()])
        typer.confirm(_("Remove what there is of {name} for good?").format(name=name), abort=True)
    purge_plugin(context.host, context.database, context.settings, name)
    if json:
        output.as_json(found.as_json())
        return
    if not found.anything():
        typer.echo(_("There is nothing of {name}.").format(name=name))
        return
    gone = [*found.tables, *found.folders, _("{count} jobs").format(count=found.jobs)]
    typer.echo(_("Removed: {gone}").format(gone=", ".join(gone)))
    if found.settings:
        output.note(_("[plugins.{name}] stays in the settings file; it is yours to take out").format(name=name))


@app.command()
def log(
    name: Name,
    since: Annotated[str, typer.Option(help="From when, as journalctl understands it.")] = "-1d",
    lines: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most, the last ones.")] = 200,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one line each.")] = False,
) -> None:
    """Show what a plugin has logged, and what was logged about it. Needs root, or the group systemd-journal."""
    # As root, if we are: the service's user may not read the journal.
    units = [word for unit in UNITS for word in ("-u", unit)]
    command = ["journalctl", "--no-pager", "-o", "cat", f"--since={since}", *units]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise JackfieldError(_("there is no journalctl here; look where the service's output goes")) from None
    if done.returncode:
        raise JackfieldError(_("the journal cannot be read: {error}").format(error=done.stderr.strip()[:300]))
    for line in _about(name, done.stdout.splitlines())[-lines:]:
        typer.echo(json_text.dumps(line, ensure_ascii=False) if json else _readable(line))


def _about(name: str, lines: Iterable[str]) -> list[dict[str, Any]]:
    found = []
    for text in lines:
        if not text.startswith("{") or name not in text:
            continue
        try:
            line = json_text.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and line.get("plugin") == name:
            found.append(line)
    return found


def _readable(line: dict[str, Any]) -> str:
    first = ("timestamp", "level", "event", "plugin", "exception")
    rest = " ".join(f"{key}={output.cell(value)}" for key, value in line.items() if key not in first)
    head = f"{str(line.get('timestamp', ''))[:19]} {line.get('level', ''):8}{output.cell(line.get('event'))} {rest}"
    trace = [f"    {output.cell(row)}" for row in str(line.get("exception", "")).splitlines()]
    return "\n".join([head.rstrip(), *trace])
