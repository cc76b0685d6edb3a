"""A process that works on the site for the control API, so that calls never feel it. Started by `site_processes`.

It reads a request a line from its standard input and answers on its standard output: lines that start with `P` tell of
progress, then one with `R` (the result) or `E` (the error), each followed by JSON. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import structlog

from jackfield import i18n
from jackfield import log as logs
from jackfield.backup.actions import NAMES as BACKUPS
from jackfield.backup.actions import BackupActions
from jackfield.config.actions import Actions
from jackfield.config.workspace import Workspace
from jackfield.errors import JackfieldError, SiteError
from jackfield.plugins import PluginHost
from jackfield.settings import load
from jackfield.storage.engine import Database

NICE = 10
Run = Callable[[str, dict[str, Any]], Any]
log = structlog.get_logger(__name__)


def main() -> None:
    """Work until the daemon closes our input."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the answers
    try:
        os.nice(NICE)
    except OSError as error:
        log.debug("site.not_nice", error=str(error))
    settings = load()
    logs.set_up("warning")
    host = PluginHost(settings)
    host.load()
    database = Database(settings.database)
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        i18n.use(asked["language"])
        workspace = Workspace(settings, host, database, author=asked["author"])

        def progress(done: int, total: int, what: str) -> None:
            _say(answers, b"P", [done, total, what])

        run: Run = Actions(workspace, host, progress).run
        if asked["action"] in BACKUPS:
            run = BackupActions(workspace, host, database, settings, asked["author"], progress).run
        _answer(run, asked["action"], asked["params"], answers)


def _answer(run: Run, action: str, params: dict[str, Any], answers: BinaryIO) -> None:
    try:
        result = run(action, params)
    except (JackfieldError, OSError) as error:
        problems = error.problems if isinstance(error, SiteError) else []
        _say(answers, b"E", {"error": str(error), "problems": problems})
    except Exception as error:
        log.exception("site.failed", action=action)
        _say(answers, b"E", {"error": f"{action} failed: {type(error).__name__}; see: journalctl -u jackfieldd"})
    else:
        _say(answers, b"R", result)


def _say(answers: BinaryIO, sign: bytes, value: Any) -> None:
    answers.write(sign + json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace") + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
