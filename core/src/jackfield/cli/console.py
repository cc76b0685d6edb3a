"""`jackfield console`: gives the terminal to the console, which is a package of its own."""

from __future__ import annotations

import os
import shutil
from typing import Annotated

import typer

from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
PROGRAM = "jackfield-admintui"


def console(
    screen: Annotated[str, typer.Argument(help="The screen to begin with, as in calls.")] = "overview",
) -> None:
    """Set up and watch the system on the whole terminal."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise JackfieldError(_("the console is not installed; as root: apt install {package}").format(package=PROGRAM))
    os.execv(program, [PROGRAM, screen])  # noqa: S606  our own program, without a shell
