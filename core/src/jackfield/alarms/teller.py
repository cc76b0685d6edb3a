"""Tells people: by the settings' channels, and by plugins."""

from __future__ import annotations

from collections.abc import Sequence

from jackfield.alarms import senders
from jackfield.alarms.delivery import Delivery
from jackfield.alarms.grouping import News
from jackfield.alarms.lane import Lane
from jackfield.alarms.models import Entry, What
from jackfield.alarms.notice import compose
from jackfield.alarms.remote import JOBS_STUCK
from jackfield.alarms.service import Alarms
from jackfield.jobs.outbox import Outbox
from jackfield.plugins import PluginHost
from jackfield.settings import AlarmSettings


class Teller:
    """Gets the news of the alarm service. `connect` before the first of them."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self.language = "en"
        """In which people are told: the site's."""
        self._delivery: Delivery | None = None
        self._hooks = Lane("alarm-hooks", 100)

    def connect(self, settings: AlarmSettings, outbox: Outbox, alarms: Alarms) -> None:
        """Where messages go."""
        self._delivery = Delivery(
            senders.channels(settings),
            outbox.submit,
            lambda channel, notice: senders.send(channel, notice, settings),
            lambda: not alarms.is_up(JOBS_STUCK),
        )

    def tell(self, news: Sequence[News]) -> None:
        """Escalations are a message of their own: others get it too."""
        escalated = [each for each in news if each.entry.what is What.ESCALATED]
        others = [each for each in news if each.entry.what is not What.ESCALATED]
        if self._delivery is not None:
            for some, escalation in ((escalated, True), (others, False)):
                if some:
                    self._delivery.deliver(compose(some, escalation=escalation, language=self.language))
        for each in news:
            self._hooks.put(lambda entry=each.entry: self._hook(entry))  # type: ignore[misc]

    def _hook(self, entry: Entry) -> None:
        """On a lane of its own: a plugin that hangs holds up no message."""
        self._host.call("jackfield_alarm", alarm=entry.alarm, what=str(entry.what))

    def stop(self, seconds: float = 1.0) -> None:
        """Hand over what waits, and stop."""
        self._hooks.close(seconds)
        if self._delivery is not None:
            self._delivery.close(seconds)
