"""The services that core hands to plugins in `jackfield_start`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from jackfield.services import SystemClock

if TYPE_CHECKING:
    from sqlmodel import Session

    from jackfield.alarms.models import Severity
    from jackfield.config.site import Site


class Clock(Protocol):
    """What time it is. Code that asks here, and not the machine, can be tested at any hour (`jackfield.testing`)."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment, for durations; never goes back."""


class Timer(Protocol):
    """A timer that is running."""

    def cancel(self) -> None:
        """Stop it; does nothing when it has fired."""


class Timers(Protocol):
    """Call later, on a thread of the plugin's own. Functions must be quick; errors count as the plugin's faults."""

    def after(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Call `function` once, `seconds` from now."""


class Events(Protocol):
    """Events within the daemon. Subscribers run on the publisher's thread and must be quick.

    Topics: `phone` (extension, busy: bool, reachable: bool), `call` (id, what), `agent` (agent, state, reason),
    `queue` (queue, what, call), `alarm` (what, key, text, severity, source, count …),
    `asterisk` (what: up, with started: since when it runs; or down), `plugin` (plugin, state, reason),
    `unanswered` (id, cause: Q.850; of a call that was never answered, as one that `Asterisk.ring` began),
    `site` (what, who, kind, name; or progress: done, total, text), `errand` (id, kind, phone, state, reason …),
    `trunk` (name, state).
    """

    def subscribe(self, topic: str, function: Callable[[Mapping[str, Any]], None]) -> None:
        """Have `function` called with each event's fields."""

    def unsubscribe(self, topic: str, function: Callable[[Mapping[str, Any]], None]) -> None:
        """Call it no more. Of a plugin that is switched off or removed, core does so by itself."""

    def wanted(self, topic: str) -> bool:
        """Whether anybody subscribes to a topic; to spare the making of an event that nobody sees."""

    def publish(self, topic: str, **fields: Any) -> None:
        """Tell all subscribers; an error in one is logged and does not reach the publisher."""


class Jobs(Protocol):
    """Background jobs."""

    def submit(self, name: str, payload: Mapping[str, Any]) -> None:
        """Put a job on the outbox. `payload` must be plain JSON. Never waits for Redis.

        Raises:
            JackfieldError: no plugin declares a job of that name, or the payload is not JSON.
        """


class Phones(Protocol):
    """What the live registry knows of phones."""

    def busy(self, extension: str) -> bool:
        """Whether the phone has a channel now."""

    def reachable(self, extension: str) -> bool:
        """Whether the phone is registered; True when AMI is away and nobody knows."""

    def talking(self, call: str, extension: str) -> str | None:
        """Name of the channel by which an extension talks in a call; of the caller's own, with ''. None: no talk."""

    def waiting_calls(self) -> Mapping[str, str]:
        """Just after a start: `{call id: destination}` of calls that will come back."""


class Asterisk(Protocol):
    """Typed actions on Asterisk. There is no raw access to AMI for plugins."""

    def interrupt_playback(self, channel: str) -> None:
        """Stop what `call.play(…, interruptible=True)` is playing on a channel."""

    def ring(self, phone: str, code: str, identity: str, *, number: str, seconds: int) -> None:
        """Ring a phone for `seconds`, showing `number`; who takes the call has dialled `code`, a plugin's feature code.

        The call's id is `identity`, by which the handler knows it from one that somebody dials. Returns at once; that
        nobody took it is told by the topic `unanswered`, unless the phone was not there. Raises NotConnected while AMI
        is away.
        """

    def store(self, family: str, key: str, value: str | None) -> None:
        """Write (or, with None, delete) a value of Asterisk's own database, for the plain dialplan to read.

        Raises NotConnected while AMI is away.
        """

    def device_state(self, name: str, state: str) -> None:
        """Set a custom device state (`Custom:name` in a hint), for the lamps of phones.

        `state` is INVALID, NOT_INUSE, INUSE, BUSY, RINGING or ONHOLD. Raises NotConnected while AMI is away.
        """

    def monitor(self, extension: str, channel: str, mode: str, title: str) -> None:
        """Ring an extension (it shows `title`); who answers is in the talk of a channel.

        `mode`: listen, whisper (only that channel hears), barge (all hear) or take-over (talk with it alone). Raises
        NotConnected while AMI is away.
        """

    def queue_remove_all(self, queue: str) -> None:
        """Take all dynamic members out of a plain Asterisk queue. Raises NotConnected while AMI is away."""


class Storage(Protocol):
    """The database."""

    def session(self) -> Session:
        """A session; use it in a `with` block and commit yourself."""


class Alarms(Protocol):
    """Says that something is wrong, and that it is well again. Both are thread-safe and never wait."""

    def raise_(
        self,
        key: str,
        text: str,
        *,
        severity: Severity = ...,
        source: str = "core",
        **detail: str | int | float,
    ) -> None:
        """Something is wrong; one alarm per key (`trunk-unreachable:carrier`), however often it is raised.

        `text` is a sentence for people: what is wrong, and what to do. A plugin gives its name as `source`.
        """

    def clear(self, key: str, text: str = "") -> None:
        """It is well again; nothing happens when it was."""


@dataclass(frozen=True, slots=True)
class Core:
    """Everything that a plugin may use. Names are stable within an API version."""

    timers: Timers
    events: Events
    jobs: Jobs
    phones: Phones
    asterisk: Asterisk
    storage: Storage
    site: Callable[[], Site]
    settings: Callable[[str], Any]
    """`settings(plugin)` is the validated settings object of a plugin."""
    alarms: Alarms
    clock: Clock = field(default_factory=SystemClock)
    """What time it is."""
    audit: Callable[[str, str, str], None] = lambda who, what, about: None
    """`audit(who, what, about)` puts what somebody did by other means than the control API on the audit log."""
