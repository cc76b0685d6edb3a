"""SQL that is run so often that building it counts: SQLAlchemy keeps no `ON CONFLICT` in its cache."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, TextClause, bindparam, text


def upsert(table: Table, names: Sequence[str], key: Sequence[str], final: str = "") -> TextClause:
    """INSERT … ON CONFLICT DO UPDATE, in the words that SQLite and PostgreSQL share.

    Args:
        table: the table; its columns' types are used for the values.
        names: columns to write.
        key: columns of the primary key.
        final: a column that is null in a row that may change; a row in which it is set is only ever replaced by another
            such one.
    """
    values = ", ".join(f":{name}" for name in names)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    guard = f' WHERE "{table.name}"."{final}" IS NULL OR excluded."{final}" IS NOT NULL' if final else ""
    sql = (
        f'INSERT INTO "{table.name}" ({_quoted(names)}) VALUES ({values}) '  # noqa: S608  (names of columns, not input)
        f"ON CONFLICT ({_quoted(key)}) DO UPDATE SET {changes}{guard}"
    )
    return text(sql).bindparams(*(bindparam(name, type_=table.c[name].type) for name in names))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
