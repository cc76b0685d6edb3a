"""Keeps what the last demo saw and heard: to listen to, and to look into a mismatch."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rig import Call
from rig.hostsys import cache_dir

from .accounts import Recording
from .compare import Case
from .shop import RECORDINGS, Shop

FOLDER = cache_dir() / "demo-evidence"


def keep(
    shop: Shop,
    calls: Mapping[str, Call],
    cases: Sequence[Case],
    records: Sequence[Mapping[str, Any]],
    recordings: Sequence[Recording],
) -> None:
    """Writes sounds, accounts, records and the journal into `FOLDER`, in place of those of the last run."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    parts = {
        "accounts": [{"what": planned.what, **asdict(seen)} for planned, seen in cases],
        "records": list(records),
        "recordings": [asdict(one) for one in recordings],
    }
    for name, part in parts.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(part, indent=1, ensure_ascii=False))
    (FOLDER / "journal.txt").write_text(shop.node.journal(lines=20_000))
    files = {one.call_id: one.path for one in recordings if one.form}
    ids = {record["caller_number"]: record["id"] for record in records}
    for planned, seen in cases:
        name = f"{seen.number}-{re.sub('[^a-z0-9]+', '-', planned.what.lower())}"
        calls[seen.number].heard.write_wav(FOLDER / f"{name}-heard-by-caller.wav")
        if path := files.get(ids.get(seen.number, "")):
            (FOLDER / f"{name}-recording.flac").write_bytes(shop.node.read_bytes(f"{RECORDINGS}/{path}"))
