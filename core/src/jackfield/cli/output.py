"""Plain tables and JSON."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import typer


def width(text: str) -> int:
    """Columns that a text takes on a terminal; Chinese characters take two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns; numbers to the right."""
    texts = [[cell(value) for value in row] for row in rows]
    widths = [max([width(h), *(width(row[i]) for row in texts)]) for i, h in enumerate(headers)]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(headers))]
    for line in [list(headers), *texts]:
        cells = [
            " " * (w - width(text)) + text if r else text + " " * (w - width(text))
            for text, w, r in zip(line, widths, right, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())


def cell(value: object) -> str:
    """One value, on one line and without control characters."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(v) for v in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{k}={cell(v)}" for k, v in value.items()) or "-"
    return "".join(c if c.isprintable() else "�" for c in str(value))


def moment(value: str | None) -> str:
    """A time in ISO 8601 to the second, as in `2026-01-31 08:00:00`; '' for none."""
    return (value or "")[:19].replace("T", " ")


def records(rows: Sequence[dict[str, Any]], empty: str) -> None:
    """Print a list of objects as a table; `empty` when there are none."""
    if not rows:
        typer.echo(empty)
        return
    keys = list(dict.fromkeys(key for row in rows for key in row))
    table([key.replace("_", " ") for key in keys], [[row.get(key) for key in keys] for row in rows])


def as_json(value: object) -> None:
    """Print as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def note(text: str) -> None:
    """A line for people, beside the output."""
    typer.echo(text, err=True)
