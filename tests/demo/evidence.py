"""Keeps what the last demo saw, to look into a mismatch afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rig.hostsys import cache_dir

from .accounts import Recording
from .compare import Case
from .shop import Shop

FOLDER = cache_dir() / "demo-evidence"


def keep(shop: Shop, cases: Sequence[Case], records: Sequence[Any], recordings: Sequence[Recording]) -> None:
    """Writes accounts, records, recordings and the journal into `FOLDER`, over those of the last run."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts = {
        "accounts": [{"what": planned.what, **asdict(seen)} for planned, seen in cases],
        "records": list(records),
        "recordings": [asdict(one) for one in recordings],
    }
    for name, part in parts.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(part, indent=1, ensure_ascii=False))
    (FOLDER / "journal.txt").write_text(shop.node.journal(lines=20_000))
