"""Puts a generation in force: on disk, in a running Asterisk, in the daemon; and goes back when Asterisk refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from jackfield.config.generations import Generations
from jackfield.config.reloads import Reloads, reloads
from jackfield.config.verify import Lack, lacking
from jackfield.errors import ApplyFailed, CommandFailed, JackfieldError, NotConnected
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
log = structlog.get_logger(__name__)


class AsteriskControl(Protocol):
    """What applying needs of a running Asterisk. Each raises `NotConnected`, or `CommandFailed` when refused."""

    def load(self, module: str) -> None:
        """Load a module."""

    def reload(self, module: str) -> None:
        """Have a module, or a part of the core (`manager`), read its files again."""

    def endpoints(self) -> set[str]:
        """Endpoints that Asterisk knows."""

    def registrations(self) -> set[str]:
        """Outbound registrations that Asterisk knows."""

    def dialplan(self) -> dict[str, set[str]]:
        """Extensions of each context."""

    def queues(self) -> set[str]:
        """Queues that app_queue knows."""

    def close(self) -> None:
        """Disconnect."""


@dataclass(slots=True)
class Applied:
    """What was done. `notes` are sentences for the admin."""

    number: int
    running: bool = True
    """Whether a running Asterisk has taken it over; else it reads it when it starts."""
    loaded: list[str] = field(default_factory=list)
    reloaded: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class NotTaken(ApplyFailed):
    """Asterisk did not take a generation. `lacks` is what it has not, `module` what it refused to load or reload."""

    def __init__(self, message: str, lacks: Sequence[Lack] = (), module: str = "") -> None:
        super().__init__(message)
        self.lacks, self.module = lacks, module


def activate(
    number: int,
    generations: Generations,
    connect: Callable[[], AsteriskControl],
    tell_daemon: Callable[[], object],
) -> Applied:
    """Put a generation that is on disk in force. The caller holds the site's lock.

    Killed at any point, it leaves a note on disk (`Generations.begun`); `resume` then brings it to an end.

    Args:
        number: the generation.
        generations: the folder of generations.
        connect: gives a connection to Asterisk; raises `NotConnected` when it is not running.
        tell_daemon: has the daemon read the site in force; raises `NotConnected` when it is not running.

    Raises:
        NotTaken: Asterisk refused it; the generation before is in force again.
        NoGeneration: there is none of that number.
        OSError: the disk is full or fails; nothing has changed.
    """
    previous = generations.current()
    new = generations.load(number).files
    old = _files(generations, previous)
    steps = reloads(old, new)
    done = Applied(number)
    generations.begin(number)
    try:
        asterisk = connect()
    except NotConnected as error:
        generations.switch()
        done.running = False
        done.notes.append(
            _("Asterisk is not reached, so it takes generation {number} over when it starts ({error})").format(
                number=number, error=error
            )
        )
    else:
        try:
            generations.switch()
            _take_over(asterisk, steps, new)
        except (JackfieldError, OSError) as error:
            _go_back(asterisk, generations, previous, reloads(new, old), error)
        finally:
            asterisk.close()
        done.loaded, done.reloaded = steps.load, steps.reload
        done.notes += [
            _("Asterisk must be restarted {why}: systemctl restart asterisk").format(why=why) for why in steps.restart
        ]
    done.notes += _tell(number, tell_daemon)
    generations.end()
    return done


def resume(
    generations: Generations, connect: Callable[[], AsteriskControl], tell_daemon: Callable[[], object]
) -> str | None:
    """Bring a change to its end whose process was killed: Asterisk and the daemon take what is in force on disk.

    The caller holds the site's lock.

    Returns:
        A sentence on what was done, or None when no change was left in the middle.

    Raises:
        JackfieldError: Asterisk refused what is in force; the message says what is in force now.
    """
    change, current = generations.begun(), generations.current()
    if change is None:
        return None
    files = _files(generations, current)
    other = _files(generations, change.old if current == change.new else change.new)
    log.warning("apply.interrupted", old=change.old, new=change.new, current=current)
    try:
        asterisk = connect()
    except NotConnected:
        pass  # it reads the whole generation when it starts
    else:
        try:
            _take_over(asterisk, reloads(other, files), files)
        except (JackfieldError, OSError) as error:
            if current != change.new:
                generations.end()
                raise
            _go_back(asterisk, generations, change.old, reloads(files, other), error)
        finally:
            asterisk.close()
    _tell(current or 0, tell_daemon)
    generations.end()
    return _("an apply had been interrupted; generation {number} is in force as a whole now").format(number=current)


def _tell(number: int, tell_daemon: Callable[[], object]) -> list[str]:
    """Have the daemon take the site over; a sentence when it is away."""
    try:
        tell_daemon()
    except JackfieldError as error:
        return [_("jackfieldd does not serve generation {number} yet: {error}").format(number=number, error=error)]
    return []


def _files(generations: Generations, number: int | None) -> Mapping[str, str]:
    """The files in force; none when there is no generation, or it is damaged: then everything is reloaded."""
    try:
        return generations.load(number).files if number is not None else {}
    except JackfieldError as error:
        log.warning("generation.damaged", number=number, error=str(error))
        return {}


def _take_over(asterisk: AsteriskControl, steps: Reloads, files: Mapping[str, str]) -> None:
    for act, modules in ((asterisk.load, steps.load), (asterisk.reload, steps.reload)):
        for module in modules:
            try:
                act(module)
            except CommandFailed as error:
                raise NotTaken(str(error), module=module) from error
    if lacks := lacking(asterisk, files):
        names = ", ".join(map(str, lacks[:10]))
        raise NotTaken(_("Asterisk has no {names} after its reload").format(names=names), lacks)


def _go_back(
    asterisk: AsteriskControl,
    generations: Generations,
    previous: int | None,
    steps: Reloads,
    reason: JackfieldError | OSError,
) -> None:
    """Restore the generation before, then raise."""
    generations.switch(back=True)
    trouble = []
    for module in steps.reload:
        try:
            asterisk.reload(module)
        except JackfieldError as error:
            trouble.append(f"{module}: {error}")
    generations.end()
    where = (
        _("generation {number} is in force again").format(number=previous)
        if previous
        else _("no generation is in force")
    )
    if trouble:
        where += _(", but Asterisk did not take it back fully ({trouble}): systemctl restart asterisk").format(
            trouble="; ".join(trouble)
        )
    log_file = _("Asterisk's log says more: /var/log/asterisk/messages.log")
    lacks, module = (reason.lacks, reason.module) if isinstance(reason, NotTaken) else ((), "")
    raise NotTaken(f"{reason}; {where}. {log_file}", lacks, module) from reason
