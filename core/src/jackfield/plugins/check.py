"""Tries a plugin in a process of its own, beside the daemon: `python -m jackfield.plugins.check NAME ANSWER-FILE`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from jackfield import log
from jackfield import settings as settings_file
from jackfield.errors import JackfieldError
from jackfield.plugins.host import PluginHost
from jackfield.plugins.info import describe
from jackfield.plugins.off import OffList
from jackfield.plugins.status import State
from jackfield.plugins.threads import owner
from jackfield.storage import migrate
from jackfield.storage.engine import Database

SECONDS = 60.0


def check(name: str) -> dict[str, Any]:
    """Load a plugin in a process of its own; what it is, and `problems`: what is wrong with it, in words.

    Raises:
        JackfieldError: its process did not come to an end.
    """
    with tempfile.TemporaryDirectory(prefix="jackfield-check-") as folder:
        answer = Path(folder, "answer")
        command = [sys.executable, "-m", "jackfield.plugins.check", name, str(answer)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise JackfieldError(f"the check of {name} has not come to an end within {SECONDS:g} s") from None
        if answer.exists():
            found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
            return found
        said = done.stderr.decode(errors="replace").strip()[-500:]
        why = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        return {"name": name, "problems": [f"its process died ({why}): {said}"]}


def look(name: str, folder: Path) -> dict[str, Any]:
    """In the process apart: load all plugins as the daemon does, and look at one."""
    settings = settings_file.load()
    settings = settings.model_copy(update={"disabled": [each for each in settings.disabled if each != name]})
    host = PluginHost(settings)
    others, host.off = host.off.names() - {name}, OffList(folder)
    for other in others:
        host.off.add(other)
    host.load()
    status = host.statuses.get(name)
    if status is None:
        known = ", ".join(sorted(host.statuses)) or "none"
        return {"name": name, "problems": [f"no plugin {name!r} is installed; there are: {known}"]}
    problems = [f"{status.state}: {status.reason}"] if status.state is not State.ENABLED else []
    problems += [what for _, what in status.notes]
    threads = [thread.name for thread in threading.enumerate() if owner(thread) == status.package]
    if threads:
        problems.append(f"it started threads while it was loaded ({', '.join(threads)}); jackfield_start is the place")
    problems += _migrations(host, name, folder)
    return {**describe(host, status, None), "problems": problems}


def _migrations(host: PluginHost, name: str, folder: Path) -> list[str]:
    """Make its tables in an empty database."""
    database = Database(f"sqlite:///{folder}/check.db")
    try:
        migrate.migrate(database, [migrate.CORE])
        for _, models in host.call("jackfield_models", only=name):
            if models.owner != name:
                return [f"its tables are declared for {models.owner!r}; they must be its own: Models({name!r}, …)"]
            migrate.migrate(database, [models])
    except JackfieldError as error:
        return [str(error)]
    finally:
        database.close()
    return []


def main() -> None:
    """Write the answer to a file: what a plugin prints must not get into it."""
    name, answer = sys.argv[1], Path(sys.argv[2])
    log.set_up("critical")
    text = json.dumps(look(name, answer.parent), ensure_ascii=False, default=str)
    answer.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
