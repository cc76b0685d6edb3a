"""Rules of recordings, without I/O: who is recorded, and what the files are called."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from jackfield.config.kinds import SiteObject
from jackfield.config.site import Site

SAMPLE_RATE = 8000
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS
"""Bytes of one sample of both sides: 16 bit each."""
_NAME = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,149})-[0-9a-f]{16}")
_PATH = re.compile(rf"\d{{4}}/\d{{2}}/\d{{2}}/({_NAME.pattern})\.(flac|opus)")


def wanted(site: Site, queue: str) -> bool:
    """Whether talks out of a queue are to be recorded: its site object says `record = true`."""
    return bool(getattr(site.get("queue", queue, SiteObject), "record", False))


def new_name(call_id: str) -> str:
    """A name for a call's recording that nobody can guess; the call's id can be read from it."""
    return f"{re.sub(r'^[^A-Za-z0-9]|[^A-Za-z0-9._-]', '_', call_id)[:150]}-{secrets.token_hex(8)}"


def call_of(name: str) -> str | None:
    """The call's id in a name of ours; None when it is not one."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def raw_name(name: str) -> str:
    """File name of the raw sound in the spool. Asterisk writes interleaved stereo to `.raw` only."""
    return f"{name}.raw"


def store_path(name: str, started: datetime, extension: str) -> str:
    """Path below the store; `started` (UTC) gives the folder."""
    return f"{started:%Y/%m/%d}/{name}.{extension}"


def name_in(path: str) -> str:
    """The name in a path that came from the database.

    Raises:
        ValueError: it is not a path that `store_path` makes, so it must not be touched.
    """
    found = _PATH.fullmatch(path)
    if not found:
        raise ValueError(f"{path!r} is not the path of a recording; the row was not written by Jackfield")
    return found[1]


def samples(raw_bytes: int) -> int:
    """Samples a side in a raw file of that size. A part of a sample, left by a crash, does not count."""
    return raw_bytes // FRAME_BYTES


def seconds(count: int) -> float:
    """Length of so many samples a side."""
    return count / SAMPLE_RATE
