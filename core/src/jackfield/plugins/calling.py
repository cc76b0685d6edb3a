"""Calls one hook of one plugin: timed and guarded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog

from jackfield.errors import CallerHungUp
from jackfield.plugins.status import Status

log = structlog.get_logger(__name__)


def call_guarded(
    status: Status,
    hook: str,
    function: Callable[..., Any],
    arguments: dict[str, Any],
    fault: Callable[[str, str], None],
) -> Any:
    """Call a hook of a plugin; its answer, or None if it failed, which `fault` is told.

    Raises:
        CallerHungUp: that concerns the call, and is nobody's fault.
    """
    started = time.monotonic()
    try:
        return function(**arguments)
    except CallerHungUp:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        log.error("plugin.hook_failed", plugin=status.name, hook=hook, exc_info=True)
        fault(status.name, f"{hook}: {type(error).__name__}: {error}")
        return None
    finally:
        spent = time.monotonic() - started
        figures = status.hooks.setdefault(hook, [0, 0.0, 0.0])
        figures[0] += 1
        figures[1] += spent
        figures[2] = max(figures[2], spent)
