"""Tells authors, once each, that something of the API will go."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

P = ParamSpec("P")
R = TypeVar("R")
log = structlog.get_logger(__name__)
_told: set[tuple[str, str]] = set()


def deprecated(since: str, instead: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function of the API that the next major version will not have.

    It works as before. The log names each plugin that calls it, once.

    Args:
        since: the API version from which on it is deprecated.
        instead: what to use.

    Example:
        >>> @deprecated("1.2", "call.say(Digits(…))")
        ... def say_digits(text):
        ...     return text
        >>> say_digits("42")
        '42'
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def warned(*arguments: P.args, **named: P.kwargs) -> R:
            _tell(_caller(), function.__qualname__, since, instead)
            return function(*arguments, **named)

        return warned

    return mark


def _tell(plugin: str, name: str, since: str, instead: str) -> None:
    if (plugin, name) not in _told:
        _told.add((plugin, name))
        log.warning("plugin.deprecated", plugin=plugin, what=name, since=since, instead=instead)


def _caller() -> str:
    """The package that called: the plugin's."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module != "jackfield" and not module.startswith("jackfield."):
            return module.partition(".")[0]
        frame = frame.f_back
    return "?"
