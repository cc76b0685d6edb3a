"""The daemon's own troubles as alarms."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence

from jackfield.alarms.models import Severity
from jackfield.alarms.service import Alarms
from jackfield.core import Timers
from jackfield.i18n import sentences
from jackfield.plugins import FAULT_WINDOW, State, Status

S_ = sentences("jackfield")
AMI_SECONDS = 10.0
"""How long after its start the daemon waits for Asterisk before it is missed."""
RECORDS, AMI = "records-not-written", "asterisk-away"
SITE, FRAGMENT, PLUGIN, FAULT = "site-left-out:", "fragment-left-out:", "plugin-off:", "plugin-fault:"
STUCK = "plugin-stuck:"

_FINE = (State.ENABLED, State.DISABLED)


class Troubles:
    """Raises and clears the alarms of core's parts."""

    def __init__(self, alarms: Alarms, timers: Timers) -> None:
        self._alarms, self._timers = alarms, timers

    def started(self, connected: Callable[[], bool], plugins: Iterable[Status]) -> None:
        """The daemon is up: what only concerned the one before is clear; Asterisk must come within AMI_SECONDS."""
        self._alarms.clear(RECORDS)
        self._alarms.settle(FAULT, ())
        self._alarms.settle(STUCK, ())
        self._alarms.settle(PLUGIN, [PLUGIN + each.name for each in plugins if each.state not in _FINE])
        self._timers.after(AMI_SECONDS, lambda: None if connected() else self.asterisk_lost())

    def records(self, message: str) -> None:
        """The record writer cannot write; an empty message: it can again."""
        if message:
            self._alarms.raise_(RECORDS, message, severity=Severity.CRITICAL)
        else:
            self._alarms.clear(RECORDS, S_("Call records are written again; those that waited too."))

    def asterisk_lost(self) -> None:
        """AMI is away."""
        self._alarms.raise_(
            AMI,
            S_("Asterisk's manager is not reached: no calls, or nobody sees them. Look at: systemctl status asterisk"),
            severity=Severity.CRITICAL,
        )

    def asterisk_there(self) -> None:
        """AMI is logged in."""
        self._alarms.clear(AMI, S_("Asterisk's manager is reached again."))

    def site(self, left_out: Sequence[str]) -> None:
        """The site in force was read: a sentence for each object that had to be left out."""
        hint = S_("Install its plugin again, or take it out of the site and apply.")
        self._sentences(SITE, left_out, hint)

    def fragments(self, left_out: Sequence[str]) -> None:
        """What was left out when the generation in force was made."""
        self._sentences(FRAGMENT, left_out, S_("Mend or remove the plugin, then: jackfield apply --installed"))

    def _sentences(self, prefix: str, sentences: Iterable[str], hint: str) -> None:
        """One alarm for each sentence; its key is what stands before the first blank."""
        found = {prefix + re.sub(r"[^\w:.-]+", "-", s.split(" is left out")[0])[:80]: s for s in sentences}
        for key, sentence in found.items():
            self._alarms.raise_(key, S_("{what}. {todo}", what=sentence, todo=hint))
        self._alarms.settle(prefix, found)

    def plugin(self, status: Status) -> None:
        """A plugin was loaded, refused, shut off, or is gone (then it counts as disabled); or its threads are stuck."""
        self._threads(status)
        off = PLUGIN + status.name
        if status.state in _FINE:
            self._alarms.clear(off)
            self._alarms.clear(FAULT + status.name)
            return
        self._alarms.raise_(
            off,
            S_(
                "Plugin {plugin} is out ({state}): {reason}. Calls go on without it. Look at: jackfield plugins log "
                "{plugin}; when it is mended: jackfield plugins enable {plugin}",
                plugin=status.name,
                state=status.state,
                reason=status.reason,
            ),
            source=status.name,
            version=status.version,
        )

    def _threads(self, status: Status) -> None:
        if not status.stuck:
            self._alarms.clear(STUCK + status.name)
            return
        self._alarms.raise_(
            STUCK + status.name,
            S_(
                "Threads of the plugin {plugin} do not come to an end ({threads}). They hold memory and perhaps more. "
                "Tell its maker; when no calls are up: systemctl restart jackfieldd",
                plugin=status.name,
                threads="; ".join(status.stuck)[:300],
            ),
            source=status.name,
        )

    def plugin_fault(self, name: str, what: str, last: Callable[[], float | None]) -> None:
        """A plugin broke the rules once; the notice goes when it has behaved for FAULT_WINDOW."""
        self._alarms.raise_(
            FAULT + name,
            S_("Plugin {plugin}: {what}. Calls go on without it.", plugin=name, what=what),
            severity=Severity.NOTICE,
            source=name,
        )

        def behaves() -> None:
            at = last()
            if at is None or time.monotonic() - at >= FAULT_WINDOW:
                self._alarms.clear(FAULT + name)

        self._timers.after(FAULT_WINDOW + 1.0, behaves)
