"""What the demo prints: the table of calls, and how to look around."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from .accounts import Account, Recording
from .compare import Case

HEADERS = ("from", "DID", "path", "wait", "talk", "agent", "result", "recorded", "what")
RIGHT = {"wait", "talk", "recorded"}


def table(cases: Sequence[Case], records: Sequence[Mapping[str, Any]], recordings: Sequence[Recording]) -> str:
    """One line a call, from Jackfield's records, in the order in which they were placed; seconds."""
    lengths = {one.call_id: one.seconds for one in recordings}
    by_call = {(r["caller_number"], r["did"]): r for r in records if r["direction"] == "inbound"}
    ordered = sorted(cases, key=lambda case: case[1].started_at)
    rows = [_row(planned.what, seen, by_call.get((seen.number, seen.did)), lengths) for planned, seen in ordered]
    widths = [max(_width(line[i]) for line in [HEADERS, *rows]) for i in range(len(HEADERS))]
    return "\n".join(_line(row, widths) for row in [HEADERS, ["-" * width for width in widths], *rows])


def _row(what: str, seen: Account, record: Mapping[str, Any] | None, lengths: Mapping[str, float]) -> list[str]:
    if record is None:
        return [seen.number, seen.did, "no record", "", "", "", "", "", what]
    length = lengths.get(record["id"])
    waited = any(step["destination"].startswith("queue:") for step in record["steps"])
    return [
        seen.number,
        seen.did,
        " > ".join(step["destination"] for step in record["steps"]),
        f"{record['wait_seconds']:.1f}" if waited else "-",
        f"{record['talk_seconds']:.1f}" if record["answered_at"] else "-",
        record["agent"] or "-",
        record["result"] or "open",
        f"{length:.1f}" if length is not None else "-",
        what,
    ]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if header in RIGHT else cell + " " * (width - _width(cell))
        for header, cell, width in zip(HEADERS, cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def peak(cases: Sequence[Case]) -> int:
    """The most calls at once."""
    seen = [account for _, account in cases]
    return max((sum(b.started_at <= a.started_at < b.ended_at for b in seen) for a in seen), default=0)
