"""An alarm before the certificate of SIP over TLS runs out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from jackfield.alarms.models import Severity
from jackfield.alarms.service import Alarms
from jackfield.config.certificates import validity
from jackfield.core import Clock, Timers
from jackfield.i18n import sentences

S_ = sentences("jackfield")
SOON, NOW = timedelta(days=30), timedelta(days=7)
AGAIN_SECONDS = 3600.0
PREFIX = "certificate:"


def severity(left: timedelta) -> Severity | None:
    """How bad it is that a certificate is valid for so long yet; None: it is not."""
    return None if left > SOON else Severity.WARNING if left > NOW else Severity.CRITICAL


class Expiry:
    """Looks at the certificate that is in use at the start, every hour, and whenever a site comes into force."""

    def __init__(self, alarms: Alarms, timers: Timers, clock: Clock, used: Callable[[], Path]) -> None:
        """`used` is the certificate that the site in force names, or the machine's own; asked each time."""
        self._alarms, self._timers, self._clock, self._used = alarms, timers, clock, used

    def start(self) -> None:
        """From now on look every hour; at the start the site in force has had it looked at."""
        self._timers.after(AGAIN_SECONDS, self._again)

    def look(self) -> None:
        """Look, on a thread of its own: it takes a process."""
        threading.Thread(target=self.check, name="certificate", daemon=True).start()

    def _again(self) -> None:
        self.look()
        self.start()

    def check(self) -> None:
        """Raise or clear. What cannot be read changes nothing: other alarms tell of that."""
        path = self._used()
        key = f"{PREFIX}{path.name}"
        self._alarms.settle(PREFIX, [key])
        known = validity([path]) if path.exists() else []
        if not known:
            return
        until = datetime.fromisoformat(known[0]["until"])
        left = until - self._clock.now()
        bad = severity(left)
        if bad is None:
            self._alarms.clear(key, S_("The certificate {file} is valid until {date}.", file=path, date=_day(until)))
            return
        text = S_(
            "The certificate {file} is valid until {date} ({days} days): after that calls over TLS fail. Renew it, "
            'then: asterisk -rx "core restart when convenient"',
            file=path, date=_day(until), days=left.days,
        )  # fmt: skip
        self._alarms.raise_(key, text, severity=bad, days=left.days)


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"
