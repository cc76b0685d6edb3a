"""The command `jackfield`: which commands there are, and how errors are told.

Exit codes: 0 done, 1 refused or wrong, 2 wrong usage, 3 Asterisk or the daemon is not reached.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer

from jackfield import i18n
from jackfield.cli import (
    acd,
    agents,
    alarms,
    audit,
    authors,
    backup,
    conferences,
    console,
    context,
    draft,
    errands,
    jobs,
    live,
    phones,
    plugins,
    privacy,
    recordings,
    records,
    reports,
    routes,
    security,
    site,
    trail,
)
from jackfield.errors import JackfieldError, NotConnected, SiteError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
REFUSED, UNREACHABLE, INTERRUPTED = 1, 3, 130

app = typer.Typer(
    name="jackfield",
    help="Jackfield: a PBX and call centre on Asterisk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("import")(site.import_)
app.command()(site.export)
app.command()(site.check)
app.command()(site.plan)
app.command()(site.diff)
app.command()(site.apply)
app.command()(site.rollback)
app.command()(site.history)
app.command()(draft.undo)
app.command()(draft.discard)
app.command()(draft.revisions)
app.command()(live.status)
app.command()(console.console)
app.command()(live.calls)
app.command()(live.trunks)
app.command()(live.agents)
app.add_typer(agents.agent_app, name="agent")
app.command()(live.queues)
app.command()(phones.extensions)
app.add_typer(phones.extension_app, name="extension")
app.add_typer(phones.phone_app, name="phone")
app.command()(phones.codes)
app.add_typer(conferences.conference_app, name="conference")
app.command()(conferences.parked)
app.add_typer(plugins.app, name="plugins")
app.add_typer(authors.app, name="plugin")
app.add_typer(alarms.app, name="alarms")
app.add_typer(acd.app, name="acd")
app.add_typer(routes.route_app, name="route")
app.add_typer(errands.prompts_app, name="prompts")
app.command("test-call")(errands.place_test_call)
app.add_typer(privacy.app, name="privacy")
app.add_typer(recordings.app, name="recordings")
for _command in (
    security.bans,
    security.ban,
    security.unban,
    security.allow,
    security.disallow,
    security.blocks,
    security.block,
    security.unblock,
):
    app.command()(_command)
app.command()(draft.show)
app.command("set")(draft.set_)
app.command()(draft.delete)
app.command()(live.events)
app.command()(audit.audit)
app.command()(records.records)
app.command()(reports.report)
app.add_typer(backup.app, name="backup")
app.add_typer(jobs.app, name="jobs")
app.command()(records.migrate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    i18n.use(i18n.from_environment())
    context.forget()
    try:
        with trail.kept(given):
            return _run(given)
    except (JackfieldError, OSError) as error:
        return _fail(error, UNREACHABLE if isinstance(error, NotConnected) else REFUSED, given)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(given: Sequence[str]) -> int:
    try:
        app(args=list(given))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    return 0


def _fail(error: Exception, code: int, given: Sequence[str]) -> int:
    problems = error.problems if isinstance(error, SiteError) else []
    if "--json" in given:
        typer.echo(json.dumps({"error": str(error), "problems": problems}, ensure_ascii=False))
    elif len(problems) > 1:
        typer.echo(_("There are {count} mistakes; nothing has changed:").format(count=len(problems)), err=True)
        for line in problems:
            typer.echo(f"  {line}", err=True)
    else:
        typer.echo(f"jackfield: {_sentence(error)}", err=True)
    return code


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return where + _("{error}; nothing has changed").format(error=error.strerror or error)
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
