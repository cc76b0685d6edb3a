"""The defence against toll fraud: an extension whose outbound calls come in a burst is blocked, and people are told.

Emergency calls are neither counted nor blocked. A block stays until somebody takes it away: `jackfield unblock 201`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jackfield.alarms.models import Severity
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.security import NAME, Security
from jackfield.config.site import Site
from jackfield.core import Alarms
from jackfield.errors import JackfieldError
from jackfield.i18n import sentences
from jackfield.routing.conditions import hours_now
from jackfield.security.bursts import COSTLY, Attempt, Bursts, is_night
from jackfield.security.models import Block
from jackfield.security.store import Store

S_ = sentences("jackfield")
log = structlog.get_logger(__name__)


class NotBlocked(JackfieldError):
    """An extension that is not there or not blocked."""


class Fraud:
    """Watches outbound calls. Thread-safe."""

    def __init__(
        self,
        store: Store,
        alarms: Alarms,
        site: Callable[[], Site],
        bar: Callable[[str, str], None],
        at_once: Callable[[str], int],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing is blocked before `start`.

        Args:
            store: where blocks are kept.
            alarms: told of each block.
            site: the site in force.
            bar: keeps an extension from calling outside, with a reason; with '' lets it again.
            at_once: how many outbound calls an extension has now.
            now: the time, aware.
        """
        self._store, self._alarms, self._site = store, alarms, site
        self._bar, self._at_once, self._now = bar, at_once, now
        self._lock = threading.Lock()
        self._bursts = Bursts()
        self._blocks: dict[str, Block] = {}

    def start(self) -> None:
        """Put blocks in force that are on record."""
        for block in self._store.blocks():
            self._blocks[block.name] = block
            self._bar(block.name, block.reason)
            self._tell(block)

    def outbound(self, event: Mapping[str, Any]) -> None:
        """Take an event `outbound`: somebody calls out, or was refused. On that call's thread; quick."""
        extension, number = str(event["extension"]), str(event["number"])
        site = self._site()
        if not extension or number in site.general.emergency:
            return
        limits = site.get("security", NAME, Security) or Security()
        attempt = Attempt(time.monotonic(), number, event["permission"] in COSTLY)
        at_once = self._at_once(extension)
        with self._lock:
            if extension in self._blocks:
                return
            why = self._bursts.attempt(limits, extension, attempt, night=self._night(site, limits), at_once=at_once)
            if not why:
                return
            block = self._blocks[extension] = Block(name=extension, since=self._now(), reason=why)
        self._enforce(block)

    def _night(self, site: Site, limits: Security) -> bool:
        if limits.hours is not None:
            return not hours_now(site, limits.hours, self._now())[0]
        return is_night(self._now().astimezone(ZoneInfo(site.general.zone)))

    def _enforce(self, block: Block) -> None:
        self._bar(block.name, block.reason)
        log.error("fraud.blocked", extension=block.name, why=block.reason)
        self._tell(block)
        threading.Thread(target=self._save, args=(Block(**block.model_dump()),), name="block", daemon=True).start()

    def _tell(self, block: Block) -> None:
        self._alarms.raise_(
            f"toll-fraud:{block.name}",
            S_(
                "Extension {extension} may not call outside any more: {reason}. Look whether somebody has stolen its "
                "password; then: jackfield unblock {extension}",
                extension=block.name,
                reason=block.reason,
            ),
            severity=Severity.CRITICAL,
            extension=block.name,
        )

    def _save(self, block: Block) -> None:
        try:
            self._store.save(block)
        except (SQLAlchemyError, JackfieldError) as error:
            log.error("fraud.not_saved", extension=block.name, error=str(error))

    # -- for administrators ----------------------------------------------------------------------------------------

    def block(self, extension: str, reason: str = "by an administrator") -> dict[str, Any]:
        """Keep an extension from calling outside; emergency calls pass.

        Raises:
            NotBlocked: there is no such extension.
        """
        if self._site().get("extension", extension, Extension) is None:
            raise NotBlocked(f"there is no extension {extension[:20]!r}; see: jackfield extensions")
        block = Block(name=extension, since=self._now(), reason=reason[:200])
        with self._lock:
            self._blocks[extension] = block
        self._enforce(block)
        return _row(block)

    def unblock(self, extension: str) -> dict[str, Any]:
        """Let an extension call outside again.

        Raises:
            NotBlocked: it is not blocked.
        """
        with self._lock:
            if self._blocks.pop(extension, None) is None:
                raise NotBlocked(f"extension {extension[:20]!r} is not blocked; see: jackfield blocks")
            self._bursts.forget(extension)
        self._bar(extension, "")
        self._alarms.clear(
            f"toll-fraud:{extension}", S_("Extension {extension} may call outside again", extension=extension)
        )
        self._store.remove(Block, extension)
        return {"extension": extension, "blocked": False}

    def blocks(self) -> list[dict[str, Any]]:
        """Extensions that may not call outside."""
        with self._lock:
            return [_row(block) for _, block in sorted(self._blocks.items())]


def _row(block: Block) -> dict[str, Any]:
    return {"extension": block.name, "since": block.since.isoformat(), "reason": block.reason}
