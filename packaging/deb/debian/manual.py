#!/usr/bin/python3
"""Writes the manual of the command line from the program itself: `manual.py TEMPLATE FOLDER`.

A page for each command (`jackfield-plan.1`), and `jackfield.1`: the template, with the commands at `@COMMANDS@`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from jackfield.cli.main import app

# What lines of a help text begin with and roff would take for a request.
CONTROL = re.compile(r"^(?=[.'])", re.MULTILINE)
EXIT = """.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Refused, or wrong; nothing was changed.
.TP
.B 2
Wrong usage.
.TP
.B 3
Asterisk or the daemon is not reached.
"""


def main() -> None:
    """Write all pages."""
    template, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    top: Any = typer.main.get_command(app)
    with top.make_context("jackfield", [], resilient_parsing=True) as context:
        commands = {name: top.get_command(context, name) for name in top.list_commands(context)}
        known = {name: command for name, command in commands.items() if command is not None and not command.hidden}
        listed = "".join(
            f".TP\n.BR jackfield\\-{plain(name)} (1)\n{text(first_line(known[name]))}\n" for name in sorted(known)
        )
        (folder / "jackfield.1").write_text(template.read_text().replace("@COMMANDS@\n", listed))
        for name, command in known.items():
            (folder / f"jackfield-{name}.1").write_text(page(name, command, context))


def page(name: str, command: Any, parent: Any) -> str:
    """The page of a command, its subcommands included."""
    with parent.scope(cleanup=False):
        context = command.context_class(command, info_name=name, parent=parent)
    title = f"jackfield-{name}"
    out = [
        f'.TH {title.upper()} 1 "" "Jackfield" "User commands"',
        f".SH NAME\n{plain(title)} \\- {text(first_line(command)).rstrip('.')}",
        ".SH SYNOPSIS",
        *synopses(command, context),
        f".SH DESCRIPTION\n{paragraphs(command.help or '')}",
    ]
    rows = list(options(command, context))
    if rows:
        out += [".SH OPTIONS", *rows]
    if subcommands := children(command, context):
        out.append(".SH COMMANDS")
        for sub, inner in subcommands:
            out += [f".SS {plain(inner.command_path)}", paragraphs(sub.help or ""), *options(sub, inner)]
    return "\n".join([*out, f"{EXIT}.SH SEE ALSO\n.BR jackfield (1)", ""])


def children(command: Any, context: Any) -> list[tuple[Any, Any]]:
    """The subcommands of a group with their contexts."""
    if not hasattr(command, "list_commands"):
        return []
    found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [(sub, sub.context_class(sub, info_name=name, parent=context)) for name, sub in found if not sub.hidden]


def synopses(command: Any, context: Any) -> Iterator[str]:
    """A line for the command, or one for each subcommand."""
    below = children(command, context)
    for one, inner in below or [(command, context)]:
        pieces = " ".join(plain(piece) for piece in one.collect_usage_pieces(inner))
        yield f".B {plain(inner.command_path)}\n.RI {quoted(pieces)}\n.br"


def options(command: Any, context: Any) -> Iterator[str]:
    """Its arguments and options, as its --help tells them."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            yield f".TP\n.B {plain(record[0])}\n{text(record[1]) or plain(parameter.name)}"


def first_line(command: Any) -> str:
    """The first sentence of its help."""
    return re.split(r"(?<=\.)\s|\n\n", " ".join((command.help or "").split("\n\n")[0].split()))[0]


def paragraphs(help_text: str) -> str:
    """A help text, a paragraph each."""
    return "\n.PP\n".join(text(" ".join(one.split())) for one in help_text.split("\n\n"))


def text(words: str) -> str:
    """Running text for roff; `code` is bold."""
    return re.sub(r"`([^`]+)`", r"\\fB\1\\fR", plain(words))


def plain(words: str) -> str:
    """Words that roff prints as they are."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")
    return CONTROL.sub(r"\\&", escaped)


def quoted(words: str) -> str:
    """One argument of a macro."""
    return f'"{words}"'


if __name__ == "__main__":
    main()
