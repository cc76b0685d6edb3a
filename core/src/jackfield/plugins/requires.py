"""Which plugins must wait for others: `requires = ("acd",)` on a plugin's class. Rules, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jackfield.errors import JackfieldError
from jackfield.plugins.status import State, Status


def read(plugin: object) -> tuple[str, ...]:
    """What a plugin requires.

    Raises:
        JackfieldError: that is no tuple of names.
    """
    wanted = getattr(plugin, "requires", ())
    if not isinstance(wanted, tuple | list) or not all(isinstance(name, str) for name in wanted):
        raise JackfieldError(f'requires must be a tuple of names of plugins, as ("acd",), not {wanted!r:.80}')
    return tuple(wanted)


def missing(requires: Iterable[str], statuses: Mapping[str, Status]) -> str:
    """Why a plugin cannot be loaded yet, in a sentence; '' when all that it requires is at work."""
    for name in requires:
        status = statuses.get(name)
        if status is None:
            return f"needs the plugin {name}, which is not installed; install it: apt install jackfield-plugin-{name}"
        if status.state is not State.ENABLED or status.instance is None:
            return f"needs the plugin {name}, which is out ({status.state}); see: jackfield plugins info {name}"
    return ""


def dependents(name: str, statuses: Mapping[str, Status]) -> list[str]:
    """Plugins that must go before `name` goes: those that require it and, before them, those that require these."""
    found: list[str] = []

    def visit(of: str) -> None:
        for other in sorted(statuses):
            if of in statuses[other].requires and other != name and other not in found:
                found.append(other)
                visit(other)
                found.remove(other)
                found.append(other)

    visit(name)
    return found[::-1]


def in_order(statuses: Mapping[str, Status]) -> list[str]:
    """All names, each behind those that it requires; by name where that leaves a choice."""
    done: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in done or name in above or name not in statuses:
            return
        for required in sorted(statuses[name].requires):
            visit(required, (*above, name))
        done.append(name)

    for name in sorted(statuses):
        visit(name, ())
    return done
