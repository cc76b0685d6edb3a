"""All screens of the console: name, title, key, group. A part of the console lists its own; plugins bring theirs."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from jackfield_admintui.texts import N_

if TYPE_CHECKING:
    from textual.screen import Screen


class Group(Enum):
    """A part of the menu, in its order."""

    LIVE = N_("Live")
    RECORDS = N_("Records")
    SETUP = N_("Set up")
    SYSTEM = N_("System")
    PLUGINS = N_("Plugins")


@dataclass(frozen=True)
class Entry:
    """A screen in the menu; imported when somebody opens it.

    `key` is what opens it after `g`. `method` is one that it cannot do without: when the daemon has not got it, or the
    user may not call it, the entry is not shown. One that needs to be told what to show is not `in_menu`.
    """

    name: str
    title: str
    target: str
    group: Group
    key: str = ""
    method: str = ""
    in_menu: bool = True

    def make(self, arguments: Mapping[str, Any]) -> Screen[Any]:
        """The screen.

        Raises:
            Exception: whatever its module raises while it is imported.
        """
        module, _, name = self.target.partition(":")
        found: Screen[Any] = getattr(importlib.import_module(module), name)(**arguments)
        return found


def all_entries(declared: Iterable[Mapping[str, Any]] = ()) -> list[Entry]:
    """Our own, and those that plugins have declared (`plugins.screens`); a key that is taken is left out."""
    from jackfield_admintui.editing import ENTRIES as EDITING
    from jackfield_admintui.live import ENTRIES as LIVE
    from jackfield_admintui.ops import ENTRIES as OPS
    from jackfield_admintui.records import ENTRIES as RECORDS

    found = [*LIVE, *RECORDS, *EDITING, *OPS]
    taken = {entry.key for entry in found}
    for screen in declared:
        key = str(screen["key"]) if screen["key"] not in taken else ""
        taken.add(key)
        found.append(Entry(str(screen["name"]), str(screen["title"]), str(screen["target"]), Group.PLUGINS, key))
    order = list(Group)
    return sorted(found, key=lambda entry: order.index(entry.group))
