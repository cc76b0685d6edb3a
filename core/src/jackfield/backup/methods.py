"""What the control socket offers of back-ups."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jackfield.backup.manifest import described
from jackfield.backup.store import Scope, Store
from jackfield.control.method import Caller, Method
from jackfield.control.protocol import Raw

if TYPE_CHECKING:
    from pathlib import Path

    from jackfield.control.site_processes import SiteProcesses

Name = Annotated[str, Field(max_length=64, description="Name of the back-up, as in 20261122T032000Z-daily")]
PIECE = 512 * 1024
"""Bytes in one answer of `backup.export`."""


def methods(
    state: Path, processes: SiteProcesses, publish: Callable[..., None], restart: Callable[[], None]
) -> list[Method]:
    """Control methods. `publish` tells of progress (topic `backup`); `restart` has the daemon begin anew, soon."""
    store = Store(state)

    def run(caller: Caller, action: str, **params: Any) -> Raw:
        def progress(done: int, total: int, what: str) -> None:
            publish("backup", what="progress", action=action, done=done, total=total, text=what, who=caller.name)

        found = processes.run(f"backup_{action}", caller.name, params, progress)
        publish("backup", what=action, who=caller.name)
        return found

    def backups() -> list[dict[str, Any]]:
        """Back-ups of the whole box, newest first."""
        return [row.as_json() for row in store.found()]

    def show(name: Name) -> dict[str, Any]:
        """What a back-up says of itself: when, by whom, of which version, and what is in it."""
        return described(name, store.peek(name)) | {"bytes": store.path(name).stat().st_size}

    def create(caller: Caller, recordings: Annotated[bool, Field(description="With the recordings")] = False) -> Raw:
        """Make a back-up now: site, database, sounds, hand-written files, certificates. Calls go on."""
        return run(caller, "create", recordings=recordings)

    def verify(caller: Caller, name: Name) -> Raw:
        """Read a back-up to its end and compare every checksum."""
        return run(caller, "verify", name=name)

    def restore(
        caller: Caller,
        name: Name,
        scope: Annotated[Scope, Field(description="`site` alone, or `all`: records, states, recordings too")] = (
            Scope.SITE
        ),
    ) -> Raw:
        """Restore a back-up, after one of what is here now. After `all` the daemon begins anew; talks go on."""
        found = run(caller, "restore", name=name, scope=str(scope))
        if scope is Scope.ALL:
            restart()
        return found

    def remove(name: Name) -> dict[str, Any]:
        """Remove a back-up for good."""
        store.remove(name)
        publish("backup", what="remove")
        return {"name": name}

    def export(
        name: Name, offset: Annotated[int, Field(ge=0, description="Where the piece begins, in bytes")] = 0
    ) -> dict[str, Any]:
        """A piece of a back-up's archive, in base64; `next` is where the next one begins. It holds secrets."""
        path = store.path(name)
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(PIECE)
        size = path.stat().st_size
        end = offset + len(data)
        return {"data": base64.b64encode(data).decode(), "next": end if end < size else None, "bytes": size}

    def begin_anew() -> dict[str, Any]:
        """End the daemon; systemd starts it again at once. Talks go on, callers who wait come back to their places."""
        restart()
        return {}

    return [
        Method("backup.list", backups),
        Method("backup.show", show, object="{name}"),
        Method("backup.create", create, change=True),
        Method("backup.verify", verify, object="{name}"),
        Method("backup.restore", restore, change=True, object="{name}:{scope}"),
        Method("backup.remove", remove, change=True, object="{name}"),
        Method("backup.export", export, personal=True, object="{name}"),
        Method("daemon.restart", begin_anew, change=True),
    ]
