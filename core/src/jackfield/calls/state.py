"""The checkpoint of a call, as one channel variable: URL-safe base64 of compact JSON."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from jackfield.calls.party import Party
from jackfield.errors import UnsafeValue

MAX_BYTES = 7000
"""Of the encoded state: an AGI line is 8,191 bytes."""

MAX_DATA = 3000
"""Bytes of a call's data as JSON; the rest is for the step's memo."""
MAX_KEY = 64


@dataclass(slots=True)
class Facts:
    """What is known of a call when it arrives."""

    id: str
    channel: str
    direction: str
    caller: Party
    did: str
    trunk: str | None = None
    extension: str | None = None
    diversion: str = ""
    """Who sent the call on to us."""
    dialled_rest: str = ""
    language: str = "en"
    priority: int = 0
    fallback: str = "prompt:sorry"
    why: str = ""
    """Why it went where it went first, in words."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    transfer: str = ""
    """The number that the call was last transferred to."""
    transferrer: str = ""
    """The extension that did it: what it may dial, the transfer may reach."""

    @property
    def dialled(self) -> str:
        """The number that led to where the call is."""
        return self.transfer or self.did

    @property
    def dialler(self) -> str | None:
        """The extension that answers for what is dialled; None for a call from outside."""
        return self.transferrer or self.extension


@dataclass(frozen=True, slots=True)
class Saved:
    """What a checkpoint holds."""

    facts: Facts
    at: str
    seq: int
    data: dict[str, Any]
    memo: dict[str, Any]
    resumes: int
    answered: bool
    entered: datetime | None = None
    """When the step began."""


def copy_of(data: dict[str, Any]) -> dict[str, Any]:
    """A call's data, checked, and as they will come back.

    Raises:
        UnsafeValue: they are not JSON, or too much.
    """
    try:
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsafeValue(f"the call's data are not JSON: {error}") from error
    if (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_DATA:
        raise UnsafeValue(f"the call's data would take {size} bytes; {MAX_DATA} travel with a call")
    if any(len(key) > MAX_KEY for key in data):
        raise UnsafeValue(f"a key of a call's data has at most {MAX_KEY} characters")
    copied: dict[str, Any] = json.loads(text)
    return copied


def encode(saved: Saved) -> str:
    """As text of letters, digits, '-' and '_'.

    Raises:
        UnsafeValue: it is too long, or not JSON.
    """
    facts = asdict(saved.facts) | {"started": saved.facts.started.isoformat()}
    rest = [saved.at, saved.seq, saved.data, saved.memo, saved.resumes, saved.answered]
    rest.append(saved.entered.timestamp() if saved.entered else None)
    try:
        text = json.dumps([facts, *rest], separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise UnsafeValue(f"the call's data are not JSON: {error}") from error
    packed = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    if len(packed) > MAX_BYTES:
        raise UnsafeValue(f"the call's data take {len(packed)} bytes; {MAX_BYTES} travel with a call")
    return packed


def decode(packed: str) -> Saved | None:
    """What `encode` wrote; None when it is not that."""
    try:
        text = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        facts, at, seq, data, memo, resumes, answered, entered = json.loads(text)
        facts["caller"] = Party(**facts["caller"])
        facts["started"] = datetime.fromisoformat(facts["started"])
        began = None if entered is None else datetime.fromtimestamp(entered, UTC)
        return Saved(Facts(**facts), at, seq, data, memo, resumes, answered, began)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError):
        return None
