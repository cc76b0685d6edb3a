"""Puts a generation in force: on disk, in a running Asterisk, in the daemon; and goes back when Asterisk refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from jackfield.config.generations import Generations
from jackfield.config.reloads import Reloads, contexts, endpoints, reloads
from jackfield.errors import ApplyFailed, JackfieldError, NotConnected

log = structlog.get_logger(__name__)


class AsteriskControl(Protocol):
    """What applying needs of a running Asterisk. Each raises `NotConnected`, or `CommandFailed` when refused."""

    def load(self, module: str) -> None:
        """Load a module."""

    def reload(self, module: str) -> None:
        """Have a module, or a part of the core (`manager`), read its files again."""

    def endpoints(self) -> set[str]:
        """Endpoints that Asterisk knows."""

    def has_context(self, context: str) -> bool:
        """Whether the dialplan has a context."""

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


def activate(
    number: int,
    generations: Generations,
    connect: Callable[[], AsteriskControl],
    tell_daemon: Callable[[], None],
) -> Applied:
    """Put a generation that is on disk in force. The caller holds the site's lock.

    Args:
        number: the generation.
        generations: the folder of generations.
        connect: gives a connection to Asterisk; raises `NotConnected` when it is not running.
        tell_daemon: has the daemon read the site in force; raises `NotConnected` when it is not running.

    Raises:
        ApplyFailed: Asterisk refused it; the generation before is in force again.
        NoGeneration: there is none of that number.
    """
    previous = generations.current()
    new = generations.load(number).files
    old = _files(generations, previous)
    steps = reloads(old, new)
    done = Applied(number)
    try:
        asterisk = connect()
    except NotConnected as error:
        generations.switch(number)
        done.running = False
        done.notes.append(f"Asterisk is not reached, so it takes generation {number} over when it starts ({error})")
    else:
        try:
            generations.switch(number)
            _take_over(asterisk, steps, new)
        except JackfieldError as error:
            _go_back(asterisk, generations, previous, reloads(new, old), error)
        finally:
            asterisk.close()
        done.loaded, done.reloaded = steps.load, steps.reload
        done.notes += [f"Asterisk must be restarted {why}: systemctl restart asterisk" for why in steps.restart]
    try:
        tell_daemon()
    except JackfieldError as error:
        done.notes.append(f"jackfieldd does not serve generation {number} yet: {error}")
    return done


def _files(generations: Generations, number: int | None) -> Mapping[str, str]:
    """The files in force; none when there is no generation, or it is damaged: then everything is reloaded."""
    try:
        return generations.load(number).files if number is not None else {}
    except JackfieldError as error:
        log.warning("generation.damaged", number=number, error=str(error))
        return {}


def _take_over(asterisk: AsteriskControl, steps: Reloads, files: Mapping[str, str]) -> None:
    for module in steps.load:
        asterisk.load(module)
    for module in steps.reload:
        asterisk.reload(module)
    if lacking := sorted(endpoints(files) - asterisk.endpoints()):
        raise ApplyFailed(f"Asterisk has no endpoint {', '.join(lacking[:10])} after its reload")
    if absent := sorted(c for c in contexts(files) if not asterisk.has_context(c)):
        raise ApplyFailed(f"Asterisk's dialplan has no {', '.join(absent[:10])} after its reload")


def _go_back(
    asterisk: AsteriskControl, generations: Generations, previous: int | None, steps: Reloads, reason: JackfieldError
) -> None:
    """Restore the generation before, then raise."""
    generations.switch(previous)
    trouble = []
    for module in steps.reload:
        try:
            asterisk.reload(module)
        except JackfieldError as error:
            trouble.append(f"{module}: {error}")
    where = f"generation {previous} is in force again" if previous else "no generation is in force"
    if trouble:
        where += f", but Asterisk did not take it back fully ({'; '.join(trouble)}): systemctl restart asterisk"
    raise ApplyFailed(f"{reason}; {where}. Asterisk's log says more: /var/log/asterisk/messages.log") from reason
