"""Which tables an SQL statement reads and writes, by its words. For statements of plugins on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
      | "(?P<quoted>(?:[^"]|"")+)"
      | (?P<word>[^\W\d]\w*)
      | (?P<other>[\d.]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_VERBS = {"select", "insert", "update", "delete", "with", "lock", "truncate"}
_PASSED = {"begin", "commit", "rollback", "savepoint", "release", "show", "set"}
"""Verbs without tables. SET ROLE and the like are left to the database's own permissions."""
_BEFORE_TABLE = {"from", "join", "into", "update", "table", "using", "truncate", "lock"}
_FILLERS = {"only", "lateral", "table"}
_ENDS_LIST = {
    "where", "group", "order", "limit", "having", "union", "except", "intersect", "set", "values", "returning", "for",
    "window", "offset", "fetch", "select", "default", "overriding",
}  # fmt: skip
_QUERY = {"select", "with", "values"}
_WITH_FROM = {"extract", "substring", "trim", "overlay", "position"}
"""Functions whose arguments have a FROM of their own."""
_CATALOGUES = {"pg_catalog", "information_schema"}


class NotUnderstood(ValueError):
    """A statement that is none of those that plugins need."""


@lru_cache(maxsize=1000)
def tables_of(statement: str) -> tuple[tuple[str, bool], ...]:
    """Tables of a statement, each with whether it is written. Those of WITH are none.

    Raises:
        NotUnderstood: it is no SELECT, INSERT, UPDATE or DELETE, or more than one statement.
    """
    words = _words(statement)
    if not words or words[0].lower() in _PASSED:
        return ()
    if words[0].lower() not in _VERBS:
        raise NotUnderstood(f"the statement {words[0][:20]}")
    if ";" in words[:-1]:
        raise NotUnderstood("several statements at once")
    own = {words[i - 1] for i in range(1, len(words)) if _is_name_of_with(words, i)}
    found: list[tuple[str, bool]] = []
    functions: list[str] = []
    for at, word in enumerate(words):
        if word == "(":
            functions.append(words[at - 1].lower() if at else "")
        elif word == ")" and functions:
            functions.pop()
        elif word.lower() in _BEFORE_TABLE and not _is_no_list(words, at, functions):
            found += _list(words, at)
    return tuple(dict.fromkeys((name, written) for name, written in found if name not in own))


def _words(statement: str) -> list[str]:
    found = []
    for match in _TOKEN.finditer(statement):
        if match["quoted"] is not None:
            found.append('"' + match["quoted"].replace('""', '"'))
        elif match["word"] is not None:
            found.append(match["word"].lower())
        elif match["text"] is not None:
            found.append("''")
        elif match["other"] is not None:
            found.append(match["other"])
    return found


def _is_name_of_with(words: Sequence[str], at: int) -> bool:
    """Whether `NAME AS (` or `NAME AS MATERIALIZED (` stands here, behind WITH or a comma."""
    if words[at] != "as" or words[0] != "with":
        return False
    opened = words[at + 1 : at + 2] == ["("] or words[at + 2 : at + 3] == ["("] or words[at + 3 : at + 4] == ["("]
    return opened and at >= 2 and words[at - 2] in ("with", "recursive", ",")


def _is_no_list(words: Sequence[str], at: int, functions: Sequence[str]) -> bool:
    word, before = words[at], words[at - 1] if at else ""
    if word == "from":
        return (before == "distinct" and words[at - 2 : at - 1] in (["is"], ["not"])) or (
            bool(functions) and functions[-1] in _WITH_FROM
        )
    if word == "update":
        return before in ("for", "do", "on", "key")
    return word == "using" and words[at + 1 : at + 2] == ["("]


def _list(words: Sequence[str], at: int) -> list[tuple[str, bool]]:
    """The tables from a keyword on, up to the end of their list."""
    written = words[at] in ("into", "update", "truncate", "lock") or (words[at] == "from" and words[at - 1] == "delete")
    found: list[tuple[str, bool]] = []
    closed: list[bool] = []  # for each open bracket: whether what is in it is none of the list's tables
    expected = True
    for place in range(at + 1, len(words)):
        word, following = words[place], words[place + 1] if place + 1 < len(words) else ""
        if word == "(":
            closed.append(not expected or following in _QUERY)
            expected = expected and not closed[-1]
        elif word == ")":
            if not closed:
                break
            closed.pop()
        elif any(closed):
            continue
        elif word in _ENDS_LIST or (written and word == "using"):
            break
        elif word == ",":
            expected = True
        elif expected and word not in _FILLERS and word != "." and following != ".":
            expected = False
            schema = words[place - 2].lstrip('"') if words[place - 1] == "." else ""
            if schema not in _CATALOGUES and (following != "(" or written):
                found.append((word.lstrip('"'), written))
    return found
