"""A plugin's migration changes the plugin's tables and no others.

SQLite asks about each table of each statement. PostgreSQL does not, so there the tables are compared: what the others
look like before and after, and how many of their rows this transaction has changed. The caller rolls back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from jackfield.storage.fence import Fence, Forbidden

_LOOKS = """
SELECT c.relname,
    md5(concat(
        (SELECT string_agg(concat_ws('|', a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attisdropped), ','
            ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
        (SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY k.conname) FROM pg_constraint k
            WHERE k.conrelid = c.oid),
        (SELECT string_agg(pg_get_indexdef(i.indexrelid), ',' ORDER BY i.indexrelid) FROM pg_index i
            WHERE i.indrelid = c.oid),
        (SELECT string_agg(t.tgname, ',' ORDER BY t.tgname) FROM pg_trigger t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
        c.relowner, c.relacl::text, c.relfilenode
    )) AS looks
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
"""
_ROWS = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"


@contextmanager
def only_own_tables(connection: Connection, fence: Fence | None) -> Iterator[None]:
    """While a migration runs; None lets everything pass, for core.

    Raises:
        Forbidden: it wanted at a table that is not the owner's. The transaction must be rolled back.
    """
    if fence is None:
        yield
    elif connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.set_authorizer(fence.authorize)
        try:
            yield
        finally:
            raw.set_authorizer(None)
    else:
        before, rows = _foreign(connection, fence, _LOOKS), _foreign(connection, fence, _ROWS)
        yield
        after, changed = _foreign(connection, fence, _LOOKS), _foreign(connection, fence, _ROWS)
        for table in sorted(before.keys() | after.keys()):
            if before.get(table) != after.get(table) or changed.get(table, 0) != rows.get(table, 0):
                raise Forbidden(fence.refuse(f"changing {table}"))


def _foreign(connection: Connection, fence: Fence, query: str) -> dict[str, str | int]:
    return {name: value for name, value in connection.execute(text(query)) if not fence.owns(name)}
