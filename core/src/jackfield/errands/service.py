"""The errands of a daemon: begun, followed, and remembered for a while after their end."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from jackfield.config.objects.extension import Extension
from jackfield.config.phones import endpoints
from jackfield.errands.errand import OVER, Errand, Kind, State
from jackfield.errors import JackfieldError, UnsafeValue
from jackfield.i18n import sentences

if TYPE_CHECKING:
    from jackfield.calls.broker import Broker
    from jackfield.calls.registry import Registry
    from jackfield.config.site import Site
    from jackfield.control.site_processes import SiteProcesses
    from jackfield.core import Clock, Events, Timers

S_ = sentences("jackfield")
log = structlog.get_logger(__name__)
CODE = "*51"
"""What the phone that is rung has dialled; who dials it by hand is turned away, for the call's id is what counts."""
RING_SECONDS = 30
LATE_SECONDS = 5.0
"""After so much more than it may ring, a phone of which nothing was heard was not there."""
AT_ONCE = 8
REMEMBERED = 50
_BUSY = frozenset({17, 21})
"""Q.850 causes of a phone that refuses the call."""


class Errands:
    """Starts errands, and knows those that are under way. From any thread."""

    def __init__(
        self,
        broker: Broker,
        registry: Registry,
        processes: SiteProcesses,
        events: Events,
        timers: Timers,
        clock: Clock,
        site: Callable[[], Site],
    ) -> None:
        """Begins to listen for what becomes of the calls."""
        self._broker, self._registry, self._processes = broker, registry, processes
        self._events, self._timers, self._clock, self._site = events, timers, clock, site
        self._known: dict[str, Errand] = {}
        self._lock = threading.Lock()
        events.subscribe("unanswered", self._unanswered)
        events.subscribe("call", self._call)

    # -- beginning -------------------------------------------------------------------------------------------------

    def start(self, errand: Errand, *, title: str, number: str) -> Errand:
        """Ring the errand's phone. `title` and `number` are what it shows.

        Raises:
            UnsafeValue: there is no such extension, its phone is not there, or too much is under way.
            NotConnected: Asterisk is away.
        """
        account = self._account(errand.phone)
        with self._lock:
            running = [each for each in self._known.values() if not each.over]
            if any(each.phone == errand.phone for each in running):
                raise UnsafeValue(S_("phone {phone} is rung for another errand already", phone=errand.phone))
            if len(running) >= AT_ONCE:
                raise UnsafeValue(S_("{count} phones are rung already; try again in a minute", count=AT_ONCE))
            self._known[errand.id] = errand
            self._forget()
        log.info("errand.started", errand=errand.id, kind=str(errand.kind), phone=errand.phone, by=errand.by)
        try:
            self._broker.ring(account, CODE, errand.id, number=number, seconds=RING_SECONDS, title=title)
        except JackfieldError:
            with self._lock:
                del self._known[errand.id]
            raise
        self._publish(errand)
        self._timers.after(RING_SECONDS + LATE_SECONDS, lambda: self._late(errand))
        return errand

    def new(self, kind: Kind, phone: str, by: str, **task: Any) -> Errand:
        """An errand that has not begun."""
        return Errand(f"errand-{uuid.uuid4().hex}", kind, phone, by, started=self._clock.now(), **task)

    def _account(self, extension: str) -> str:
        site = self._site()
        if site.get("extension", extension, Extension) is None:
            raise UnsafeValue(
                S_("there is no extension {name} in force; jackfield extensions lists them", name=extension[:20])
            )
        accounts = endpoints(site, extension)
        there = [account for account in accounts if account in self._registry.registered()]
        if not there:
            raise UnsafeValue(
                S_("no phone of extension {name} is registered; switch it on, or choose another one", name=extension)
            )
        return there[0]

    def _forget(self) -> None:
        """Under the lock."""
        over = [identity for identity, each in self._known.items() if each.over]
        for identity in over[: max(0, len(over) - REMEMBERED)]:
            del self._known[identity]

    # -- following -------------------------------------------------------------------------------------------------

    def known(self) -> list[Errand]:
        """Those under way and the last ones, newest first."""
        with self._lock:
            return list(self._known.values())[::-1]

    def find(self, identity: str) -> Errand | None:
        """By its id, which is that of its call."""
        with self._lock:
            return self._known.get(identity)

    def adopt(self, errand: Errand) -> Errand:
        """One of a daemon that is gone, whose call has come back."""
        with self._lock:
            return self._known.setdefault(errand.id, errand)

    def turn(self, errand: Errand, state: State, reason: str = "") -> None:
        """It has come so far."""
        with self._lock:
            if errand.over:
                return
            errand.state, errand.reason = state, reason
        if state in OVER:
            log.info("errand.over", errand=errand.id, state=str(state), reason=str(reason))
        self._publish(errand)

    def _publish(self, errand: Errand) -> None:
        self._events.publish("errand", **errand.describe())

    def _unanswered(self, fields: Mapping[str, Any]) -> None:
        errand = self.find(fields.get("id", ""))
        if errand is not None and errand.state is State.RINGING:
            busy = fields.get("cause") in _BUSY
            reason = S_("the phone refused the call, or is busy") if busy else S_("nobody answered the phone")
            self.turn(errand, State.FAILED, reason)

    def _late(self, errand: Errand) -> None:
        if errand.state is State.RINGING:
            self.turn(errand, State.FAILED, S_("nobody answered the phone"))

    def _call(self, fields: Mapping[str, Any]) -> None:
        """A call has ended, or something else has happened in it: whoever looks at a test call wants to know."""
        errand = self.find(fields.get("id", ""))
        if errand is None or errand.over:
            return
        if fields.get("what") != "ended":
            self._publish(errand)
        elif errand.kind is Kind.RECORD:
            self.turn(errand, State.FAILED, S_("hung up before the recording was kept; nothing has changed"))
        elif errand.state is State.RINGING:
            self.turn(errand, State.FAILED, S_("nobody answered the phone"))
        else:
            self.turn(errand, State.DONE)

    # -- the site's sounds -----------------------------------------------------------------------------------------

    def sounds(self, by: str, prompt: str, language: str, text: str, file: str) -> list[str]:
        """The sounds of a prompt of the draft, of a text, or of a kept file, made if need be.

        Raises:
            SiteError, CommandFailed: there is no such prompt, or it cannot be made.
        """
        found = self._processes.run(
            "trial_sounds", by, {"prompt": prompt, "language": language, "text": text, "file": file}
        )
        files: list[str] = json.loads(found)["files"]
        return files

    def keep(self, errand: Errand, take: Path) -> None:
        """Make a recording a prompt of the draft.

        Raises:
            SiteError, CommandFailed: it cannot be used, or the draft cannot be changed.
            OSError: it cannot be read.
        """
        data = base64.b64encode(take.read_bytes()).decode()
        asked = {"prompt": errand.prompt, "language": errand.language, "data": data}
        self._processes.run("keep_prompt", errand.by, asked)
        self._events.publish("site", what="change", who=errand.by, kind="prompt", name=errand.prompt)
