"""Which plugins an administrator has switched off: kept over restarts, for all processes of ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import structlog

from jackfield.errors import JackfieldError

log = structlog.get_logger(__name__)


class OffList:
    """A file of names in the state folder. One that is damaged counts as empty, and is told of."""

    def __init__(self, folder: Path) -> None:
        """`folder` need not exist until something is written."""
        self._file = folder / "plugins-off.json"

    def names(self) -> frozenset[str]:
        """Who is switched off."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return frozenset(name for name in found if isinstance(name, str))
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError, TypeError) as error:
            log.error("plugins.off_list", file=str(self._file), error=str(error))
            return frozenset()

    def add(self, name: str) -> None:
        """Switch a plugin off. Raises JackfieldError when that cannot be kept."""
        self._write(self.names() | {name})

    def discard(self, name: str) -> None:
        """Switch it on again. Raises JackfieldError when that cannot be kept."""
        self._write(self.names() - {name})

    def _write(self, names: Iterable[str]) -> None:
        part = self._file.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                json.dump(sorted(names), file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._file)
        except OSError as error:
            raise JackfieldError(
                f"{self._file} cannot be written ({error.strerror}), so nothing has changed. Is there room?"
            ) from error
