"""The command `jackfield-admintui`: the console on this machine's daemon."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from jackfield import i18n
from jackfield.cli.privileges import author

USAGE = "The console of Jackfield: set up and watch the telephone system. Keys: ? shows help, g the menu, q quits."


def main(arguments: list[str] | None = None) -> int:
    """Run the console; the exit status."""
    parser = argparse.ArgumentParser(prog="jackfield-admintui", description=USAGE)
    parser.add_argument("screen", nargs="?", default="overview", help="the screen to begin with, as in: calls")
    parser.add_argument("--socket", type=Path, help="the daemon's control socket (/run/jackfield/control.sock)")
    parser.add_argument("--language", choices=i18n.LANGUAGES, help="instead of the terminal's (LANG)")
    options = parser.parse_args(arguments)
    if not sys.stdout.isatty():
        parser.error("this is not a terminal; for scripts there is `jackfield --help`")
    # Root stays root: the console writes nothing of the daemons', and F9 may start services.
    who = author() if os.geteuid() == 0 else None
    return run(options.screen, options.socket, options.language or i18n.from_environment(), who)


def run(screen: str, socket: Path | None, language: str, who: str | None) -> int:
    """Run the application, anew for each change of the language."""
    from jackfield_admintui.app import OTHER_LANGUAGE, ConsoleApp
    from jackfield_admintui.client import Link

    while True:
        i18n.use(language)
        app = ConsoleApp(Link(socket, who), first=screen)
        if app.run() != OTHER_LANGUAGE:
            return app.return_code or 0
        language = "en" if language == "zh" else "zh"
        screen = app.last_place


if __name__ == "__main__":
    sys.exit(main())
