"""Live state of the trunks, from AMI's events, and the alarms that it raises.

Events come on AMI's reader thread; whatever they change is known at once, and nothing is asked for over and over. After
a lost connection or an apply, Asterisk's own lists put everything right (`resync`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from jackfield.alarms.models import Severity
from jackfield.config.objects.trunk import Trunk
from jackfield.config.paths import AUTHORITIES
from jackfield.i18n import sentences
from jackfield.telephony import handshake
from jackfield.telephony.events import Message

if TYPE_CHECKING:
    from jackfield.alarms.service import Alarms

S_ = sentences("jackfield")
log = structlog.get_logger(__name__)
TRUNK_EVENTS = frozenset({"ContactStatus", "Registry"})
FAILED_CALLS = 3
"""Calls in a row that a trunk must fail before its alarm is more than a notice: one may be the far side's fault."""


class State(StrEnum):
    """What is known of a trunk."""

    UNKNOWN = "unknown"  # Asterisk is away, or has not found out yet
    UNMONITORED = "unmonitored"  # qualify_seconds is 0, and it does not register
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"  # no answer to OPTIONS
    REGISTERING = "registering"
    REGISTERED = "registered"
    REFUSED = "refused"  # the registration was refused, or not answered


@dataclass(slots=True)
class TrunkState:
    """A trunk as it is now. `since` is UTC; `round_trip_us` is that of the OPTIONS that found it reachable."""

    name: str
    state: State = State.UNKNOWN
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    contact: str = ""
    registration: str = ""
    registers: bool = False
    monitored: bool = True
    round_trip_us: int | None = None
    failed_calls: int = 0
    """Calls in a row that it failed."""
    verified: Trunk | None = None
    """Itself, where the carrier must show a certificate that is trusted."""


class TrunkStates:
    """All trunks of the site. Methods may be called from any thread."""

    def __init__(self, alarms: Alarms, refusal: Callable[[Trunk, Path], str] = handshake.refusal) -> None:
        """`refusal` says why a carrier's certificate is not trusted; it may wait for the network."""
        self._alarms, self._refusal = alarms, refusal
        self._lock = threading.Lock()
        self._trunks: dict[str, TrunkState] = {}
        self._accounts: dict[tuple[str, str], str] = {}
        self._serial = 0
        self._told: dict[tuple[str, str], int] = {}
        """(trunk, `contact` or `registration`) → number of the last event about it."""
        self._authorities = AUTHORITIES
        self._looking: set[str] = set()
        """Trunks whose certificate is being looked at."""
        self.changed: Callable[[str, State], None] = lambda name, state: None
        """Told each new state of a trunk; must be quick, and ask nothing here."""

    def serve(self, trunks: Iterable[Trunk], tls_ca: str | None = None) -> None:
        """Another site is in force; `resync` follows. What is known of a trunk that stays is kept.

        Args:
            trunks: those of the site.
            tls_ca: the site's file with the authorities that sign carriers' certificates; None: Debian's.
        """
        with self._lock:
            self._authorities = Path(tls_ca) if tls_ca else AUTHORITIES
            before, self._trunks, self._accounts = self._trunks, {}, {}
            for trunk in trunks:
                known = before.get(trunk.name) or TrunkState(trunk.name)
                known.registers, known.monitored = trunk.username is not None, trunk.qualify_seconds > 0
                known.verified = trunk if trunk.transport == "tls" and trunk.verify_server else None
                self._trunks[trunk.name] = known
                if trunk.username:
                    self._accounts[trunk.uri(), trunk.uri(trunk.username)] = trunk.name
            for kind in ("unreachable", "refused", "failing"):
                self._alarms.settle(f"trunk-{kind}:", [f"trunk-{kind}:{name}" for name in self._trunks])

    # -- reading ---------------------------------------------------------------------------------------------------

    def all(self) -> list[TrunkState]:
        """A copy of every trunk's state, by name."""
        with self._lock:
            return [replace(self._trunks[name]) for name in sorted(self._trunks)]

    def usable(self, name: str) -> bool:
        """Whether a call over the trunk has a chance: it is not known to be unreachable or refused."""
        with self._lock:
            trunk = self._trunks.get(name)
            return trunk is not None and trunk.state not in (State.UNREACHABLE, State.REFUSED)

    # -- what Asterisk tells ---------------------------------------------------------------------------------------

    def event(self, name: str, message: Message) -> None:
        """Take one AMI event; others than ContactStatus and Registry are not ours."""
        if name == "ContactStatus":
            self._contact(message.get("AOR", ""), message.get("ContactStatus", ""), message.get("RoundtripUsec", ""))
        elif name == "Registry":
            account = (message.get("Domain", ""), message.get("Username", ""))
            self._registration(self._accounts.get(account, ""), message.get("Status", ""))

    def _contact(self, name: str, status: str, microseconds: str) -> None:
        with self._lock:
            trunk = self._trunks.get(name)
            if trunk is not None and status in ("Reachable", "Unreachable", "NonQualified"):
                self._note(name, "contact")
                self._set_contact(trunk, status, microseconds)
                self._judge(trunk)

    def _set_contact(self, trunk: TrunkState, status: str, microseconds: str) -> None:
        # Asterisk says so at first of those too that it is about to ask.
        trunk.contact = "" if status == "NonQualified" and trunk.monitored else status
        known = status == "Reachable" and microseconds.isdigit()
        trunk.round_trip_us = int(microseconds) if known else None

    def _registration(self, name: str, status: str) -> None:
        with self._lock:
            trunk = self._trunks.get(name)
            if trunk is not None:
                self._note(name, "registration")
                trunk.registration = status
                self._judge(trunk)

    def _note(self, name: str, what: str) -> None:
        self._serial += 1
        self._told[name, what] = self._serial

    def mark(self) -> int:
        """For `resync`: now, before Asterisk is asked for its lists."""
        with self._lock:
            return self._serial

    def resync(self, mark: int, contacts: Mapping[str, tuple[str, str]], registrations: Mapping[str, str]) -> None:
        """Take Asterisk's word for everything but what events told after the mark: that is newer.

        Args:
            mark: what `mark` gave.
            contacts: trunk → its contact's status, and round trip in microseconds, as Asterisk writes them.
            registrations: trunk → status of its registration.
        """
        with self._lock:
            for name, trunk in self._trunks.items():
                if self._told.get((name, "contact"), 0) <= mark:
                    self._set_contact(trunk, *contacts.get(name, ("", "")))
                if self._told.get((name, "registration"), 0) <= mark:
                    trunk.registration = registrations.get(name, "")
                self._judge(trunk)

    def lost(self) -> None:
        """AMI is away: nothing is known. Alarms stay as they are until `resync`."""
        with self._lock:
            for trunk in self._trunks.values():
                trunk.contact = trunk.registration = ""
                trunk.round_trip_us = None
                self._set(trunk, State.UNKNOWN)

    def tried(self, name: str, failure: str = "") -> None:
        """A call was dialled over a trunk.

        Args:
            name: an endpoint; those that are no trunks are passed over.
            failure: how the trunk failed it, in words; '' when it did not (the far side answered, was busy, is no
                number …).
        """
        with self._lock:
            trunk = self._trunks.get(name)
            if trunk is None:
                return
            trunk.failed_calls = trunk.failed_calls + 1 if failure else 0
            key = f"trunk-failing:{name}"
            if not failure:
                self._alarms.clear(key, S_("Trunk {trunk} takes calls again.", trunk=name))
            else:
                severity = Severity.WARNING if trunk.failed_calls >= FAILED_CALLS else Severity.NOTICE
                text = S_(
                    "Trunk {trunk} has failed {calls} calls in a row, the last with {failure}. Ask the carrier; see: "
                    "jackfield trunks",
                    trunk=name, calls=trunk.failed_calls, failure=failure,
                )  # fmt: skip
                self._alarms.raise_(key, text, severity=severity, trunk=name, calls=trunk.failed_calls)

    # -- judging ---------------------------------------------------------------------------------------------------

    def _judge(self, trunk: TrunkState) -> None:
        if trunk.contact == "Unreachable":
            self._set(trunk, State.UNREACHABLE)
        elif trunk.registers and trunk.registration == "Registered":
            self._set(trunk, State.REGISTERED)
        elif trunk.registers and trunk.registration == "Rejected":
            self._set(trunk, State.REFUSED)
        elif trunk.registers and trunk.registration:
            self._set(trunk, State.REGISTERING)
        elif trunk.contact == "Reachable":
            self._set(trunk, State.REACHABLE)
        else:
            self._set(trunk, State.UNMONITORED if trunk.contact == "NonQualified" else State.UNKNOWN)
        self._tell(trunk)

    def _set(self, trunk: TrunkState, state: State) -> None:
        if trunk.state is not state:
            log.info("trunk.state", trunk=trunk.name, was=str(trunk.state), now=str(state))
            trunk.state, trunk.since = state, datetime.now(UTC)
            self.changed(trunk.name, state)

    def _tell(self, trunk: TrunkState) -> None:
        """Raise and clear alarms. One that is not known to be well again stays."""
        name = trunk.name
        if trunk.contact == "Unreachable" and trunk.verified is not None:
            self._look(trunk.verified)
        elif trunk.contact == "Unreachable":
            self._unreachable(name)
        elif trunk.contact in ("Reachable", "NonQualified"):
            self._alarms.clear(f"trunk-unreachable:{name}", S_("Trunk {trunk} is reached again.", trunk=name))
        if trunk.registers and trunk.registration == "Rejected":
            text = S_(
                "Trunk {trunk} is not registered: the carrier refuses or does not answer. Check username and secret; "
                "see: /var/log/asterisk/messages.log",
                trunk=name,
            )
            self._alarms.raise_(f"trunk-refused:{name}", text, trunk=name)
        elif trunk.registration == "Registered" or not trunk.registers:
            self._alarms.clear(f"trunk-refused:{name}", S_("Trunk {trunk} is registered.", trunk=name))

    def _unreachable(self, name: str, refusal: str = "") -> None:
        if refusal:
            text = S_(
                "Trunk {trunk} is not used: its certificate is not trusted ({refusal}). Put the authority that signed "
                "it into the file of tls_ca (kind general), or ask the carrier for a valid one",
                trunk=name, refusal=refusal,
            )  # fmt: skip
        else:
            text = S_(
                "Trunk {trunk} does not answer OPTIONS. Look at the line and at the carrier; see: jackfield trunks",
                trunk=name,
            )
        self._alarms.raise_(f"trunk-unreachable:{name}", text, trunk=name)

    def _look(self, trunk: Trunk) -> None:
        """Find out about its certificate on a thread apart, then raise the alarm. The lock is held."""
        if trunk.name in self._looking:
            return
        self._looking.add(trunk.name)

        def run() -> None:
            refusal = self._refusal(trunk, self._authorities)
            with self._lock:
                self._looking.discard(trunk.name)
                now = self._trunks.get(trunk.name)
                if now is not None and now.contact == "Unreachable":
                    self._unreachable(trunk.name, refusal)

        threading.Thread(target=run, name="certificate", daemon=True).start()
