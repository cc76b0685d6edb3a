"""Names and values under each other."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from jackfield_admintui.texts import NOTHING, plain


def facts(rows: Iterable[tuple[str, object]], *, empty: bool = False) -> Table:
    """A table of two columns; what is not known is left out, unless `empty`."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        shown = value if isinstance(value, Text) else Text(plain(value))
        if empty or str(shown) != NOTHING:
            table.add_row(Text(name), shown)
    return table
