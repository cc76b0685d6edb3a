"""The daemon's link to Asterisk's manager: what follows when it is up, when it is lost, and from each event."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from jackfield.errors import JackfieldError
from jackfield.features import conference
from jackfield.telephony.trunks import TRUNK_EVENTS

if TYPE_CHECKING:
    from jackfield.daemon import Daemon
    from jackfield.telephony.events import Message

log = structlog.get_logger(__name__)


class Link:
    """What the AMI client calls."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.stopping = False
        """Whether the daemon itself is about to leave Asterisk: that is no trouble."""

    def event(self, name: str, message: Message) -> None:
        """On AMI's reader thread."""
        daemon = self._daemon
        if name == "FullyBooted":
            self._booted(message)
        daemon.registry.event(name, message)
        daemon.bans.event(name, message)
        if name in TRUNK_EVENTS:
            daemon.trunks.event(name, message)

    def _booted(self, message: Message) -> None:
        """Follows each log-in: since when Asterisk runs."""
        uptime = message.get("Uptime", "")
        started = datetime.now(UTC) - timedelta(seconds=int(uptime) if uptime.isdigit() else 0)
        self._daemon.events.publish("asterisk", what="up", started=started.isoformat())

    def up(self) -> None:
        """After each log-in, on a thread of its own."""
        daemon = self._daemon
        self.open_trunks()
        daemon.troubles.asterisk_there()
        if daemon.resync.everything():
            daemon.lamps.refresh()
            self.look_into("")

    def down(self) -> None:
        """The connection is lost."""
        daemon = self._daemon
        daemon.registry.lost()
        daemon.trunks.lost()
        daemon.events.publish("asterisk", what="down")
        if not self.stopping:
            daemon.troubles.asterisk_lost()

    def open_trunks(self) -> None:
        """No daemon leaves a trunk shut behind it."""
        try:
            self._daemon.gates.open_all(self._daemon.calls.site.names("trunk"))
        except JackfieldError as error:
            log.warning("overload.gates", error=str(error))

    def look_into(self, room: str) -> None:
        """Somebody has left a conference room; '' for all of them."""
        threading.Thread(
            target=conference.close_if_alone, args=(self._daemon.desk, room), name="conference", daemon=True
        ).start()
