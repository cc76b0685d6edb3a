"""`jackfield plugin …`: for those who write plugins."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path
from typing import Annotated

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
app = typer.Typer(no_args_is_help=True, help="For authors of plugins.")


@app.callback()
def _group() -> None:
    """For authors of plugins."""


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Its name: small letters and digits.")],
    into: Annotated[Path, typer.Option(help="The folder in which it gets a folder of its own.")] = Path(),
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    author: Annotated[str, typer.Option(help="Who signs the package; by default you.")] = "",
    email: Annotated[str, typer.Option(help="The author's address; by default $DEBEMAIL.")] = "",
    json: Json = False,
) -> None:
    """Write a new plugin that works, with tests, texts in two languages, documentation and a Debian package.

    Works without a running Jackfield, as whoever you are.
    """
    from jackfield.newplugin import new_plugin

    user = pwd.getpwuid(os.getuid())
    who = author or os.environ.get("DEBFULLNAME") or user.pw_gecos.partition(",")[0] or user.pw_name
    address = email or os.environ.get("DEBEMAIL") or f"{user.pw_name}@{socket.gethostname()}"
    written = new_plugin(name, into, author=who, email=address, title=title)
    folder = written[0].parent
    if json:
        output.as_json({"folder": str(folder), "files": [str(file.relative_to(folder)) for file in written]})
        return
    typer.echo(
        _("{folder} is a plugin that works. Its README.md says how it is tested and packaged.").format(folder=folder)
    )
