"""Generations of Asterisk's configuration: a folder each, and a link `current` to the one in force."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from jackfield.config.files import make_folder, sync_folder, write_file
from jackfield.config.leftout import LeftOut, from_meta
from jackfield.config.paths import Paths
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

log = structlog.get_logger(__name__)
KEEP = 20
"""Generations kept beside the one in force: those that were in force last."""
SITE, META, SOUNDS = "site.json", "meta.json", "sounds.json"
SWITCHING, BACK, FORTH = ".switching.json", ".current.back", ".current.forth"
"""Beside the link `current`, while it is being changed."""


class NoGeneration(JackfieldError):
    """There is no such generation."""


@dataclass(frozen=True, slots=True)
class Meta:
    """Who made a generation, when and why."""

    number: int
    author: str
    reason: str
    created_at: datetime
    sha256: dict[str, str]
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as it is on disk. `files` are Asterisk's."""

    meta: Meta
    files: dict[str, str]
    site_json: str
    sounds_json: str


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of the generation in force that has begun: from one to another (None: there was none)."""

    old: int | None
    new: int


class Generations:
    """The folder of generations. Whoever writes holds the site's lock."""

    def __init__(self, paths: Paths, keep: int = KEEP) -> None:
        self._paths = paths
        self._keep = keep

    def numbers(self) -> list[int]:
        """Numbers of the generations on disk, oldest first."""
        try:
            return sorted(int(p.name) for p in self._paths.generations.iterdir() if p.name.isdecimal())
        except FileNotFoundError:
            return []

    def by_last_use(self) -> list[int]:
        """Numbers of the generations on disk; first those that were not in force for the longest time."""
        return sorted(self.numbers(), key=lambda n: ((self._paths.generations / str(n)).stat().st_mtime_ns, n))

    def current(self) -> int | None:
        """The generation in force, or None when there is none yet."""
        try:
            target = self._paths.current.readlink().name
        except OSError:
            return None
        return int(target) if target.isdecimal() else None

    def next_number(self, above: int = 0) -> int:
        """A number that was never used; `above` is the highest that the history knows."""
        return max([above, *self.numbers()]) + 1

    def write(
        self,
        number: int,
        files: Mapping[str, str],
        site_json: str,
        sounds_json: str,
        author: str,
        reason: str,
        left_out: Sequence[LeftOut] = (),
    ) -> None:
        """Write a generation; it is there whole, or not at all, and not in force yet.

        Raises:
            OSError: no room, or no right; nothing has changed.
        """
        make_folder(self._paths.generations)
        self._sweep()
        temporary = self._paths.generations / f".{number}.new"
        make_folder(temporary)
        try:
            contents = {**files, SITE: site_json, SOUNDS: sounds_json}
            for name, text in contents.items():
                write_file(temporary / name, text)
            meta = {
                "number": number,
                "author": author,
                "reason": reason,
                "left_out": [one.to_dict() for one in left_out],
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "sha256": {name: _digest(text) for name, text in sorted(contents.items())},
            }
            write_file(temporary / META, json.dumps(meta, ensure_ascii=False, indent=1))
            sync_folder(temporary)
            temporary.rename(self._paths.generations / str(number))
            sync_folder(self._paths.generations)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def load(self, number: int) -> Generation:
        """Read a generation and compare it with its checksums.

        Raises:
            NoGeneration: it is not there, or was changed by hand or damaged.
        """
        folder = self._paths.generations / str(number)
        try:
            meta = json.loads((folder / META).read_text())
            contents = {name: (folder / name).read_text() for name in meta["sha256"]}
        except (OSError, ValueError, KeyError) as error:
            raise NoGeneration(
                _("generation {number} cannot be read: {error}; `jackfield history` lists them").format(
                    number=number, error=error
                )
            ) from None
        changed = [name for name, digest in meta["sha256"].items() if _digest(contents[name]) != digest]
        if changed:
            raise NoGeneration(
                _(
                    "generation {number} is not as it was written ({changed} changed); put additions into {custom} "
                    "and apply again"
                ).format(number=number, changed=", ".join(changed), custom=self._paths.custom)
            )
        site_json, sounds_json = contents.pop(SITE), contents.pop(SOUNDS)
        created = datetime.fromisoformat(meta["created_at"])
        return Generation(
            Meta(number, meta["author"], meta["reason"], created, meta["sha256"], from_meta(meta)),
            contents,
            site_json,
            sounds_json,
        )

    def begin(self, number: int) -> Switch:
        """Note on disk that another generation is about to be put in force, so that a crash in between is found.

        The way back is laid first: a full disk must not keep us from going it.

        Raises:
            OSError: no room, or no right; nothing has changed.
        """
        change = Switch(self.current(), number)
        for unfinished in self._paths.base.glob(f".{SWITCHING}.*.new"):
            unfinished.unlink()
        for name, target in ((BACK, change.old), (FORTH, number)):
            self._link(self._paths.base / name, target)
        write_file(self._paths.base / SWITCHING, json.dumps({"old": change.old, "new": number}))
        sync_folder(self._paths.base)
        return change

    def begun(self) -> Switch | None:
        """The change that has begun and not ended: somebody is at it, or was killed."""
        try:
            found = json.loads((self._paths.base / SWITCHING).read_text())
            return Switch(found["old"], int(found["new"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def switch(self, *, back: bool = False) -> None:
        """Put the new generation of `begin` in force, in one step; or with `back` the old one (or none) again."""
        change, current = self.begun(), self._paths.current
        if back and change is not None and change.old is None:
            current.unlink(missing_ok=True)
        else:
            link = self._paths.base / (BACK if back else FORTH)
            with suppress(OSError):  # it only decides how long the generation is kept
                os.utime(link)
            os.replace(link, current)
        sync_folder(self._paths.base)

    def end(self) -> None:
        """The change of `begin` is over. A disk that fails now only means that it is looked after once more."""
        try:
            for name in (SWITCHING, BACK, FORTH):
                (self._paths.base / name).unlink(missing_ok=True)
            sync_folder(self._paths.base)
        except OSError as error:
            log.warning("generations.not_ended", error=str(error))

    def _link(self, link: Path, target: int | None) -> None:
        link.unlink(missing_ok=True)
        if target is not None:
            link.symlink_to(Path(self._paths.generations.name, str(target)))

    def prune(self) -> list[int]:
        """Remove those beyond the kept that were not in force for longest; the one in force stays. Their numbers."""
        current = self.current()
        others = [n for n in self.by_last_use() if n != current]
        gone = others[: max(0, len(others) - self._keep)]
        for number in gone:
            # Renamed first: a folder half removed must not look like a generation.
            doomed = self._paths.generations / f".{number}.gone"
            (self._paths.generations / str(number)).rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
        return gone

    def _sweep(self) -> None:
        """Remove what a process that was killed left behind."""
        for path in self._paths.generations.glob(".*"):
            shutil.rmtree(path, ignore_errors=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
