"""How a call begins: what is known of it when it arrives, and where it goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jackfield.calls import identity
from jackfield.calls.lines import Lines
from jackfield.calls.party import Party, clean_number, party
from jackfield.calls.state import Facts
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.trunk import Trunk
from jackfield.routing import internal
from jackfield.routing.inbound import InboundRoutes
from jackfield.routing.numbers import NumberPlan, plan_of
from jackfield.routing.outbound import OutboundRoutes
from jackfield.telephony.agi import AgiSession, safe_environment

if TYPE_CHECKING:
    from jackfield.config.site import Site

BUSY_TRUNK = "hangup:congestion"
BELIEVED_SECONDS = 3600.0
"""A channel that seems older on its arrival was made by another clock."""


def begun(channel: str, now: datetime) -> datetime:
    """When a channel that arrives began: now, or the end of the second in its id when it waited for a daemon.

    Args:
        channel: Asterisk's id of it: seconds since 1970, a dot and a number.
        now: the time, aware.
    """
    made = channel.partition(".")[0]
    latest = int(made) + 1 if made.isascii() and made.isdigit() else 0
    return datetime.fromtimestamp(latest, UTC) if 0 < now.timestamp() - latest < BELIEVED_SECONDS else now


class Arrivals:
    """Reads arriving calls, and routes them by one site."""

    def __init__(
        self,
        site: Site,
        codes: Callable[[], Iterable[internal.FeatureCode]],
        lines: Lines,
        now: Callable[[], datetime],
    ) -> None:
        """Prepares the site's routes.

        Args:
            site: the site.
            codes: gives the feature codes, longest first.
            lines: where a call over a trunk takes its place.
            now: the time, aware.
        """
        self._site = site
        self._codes = codes
        self._lines = lines
        self._now = now
        self.routes = InboundRoutes(site)
        self._outside = OutboundRoutes(site)

    def facts(self, session: AgiSession, script: str, origin: str) -> Facts:
        """What Asterisk says of a call that is new; `origin` is its trunk or extension."""
        extension = safe_environment(session, "agi_extension")
        if extension == "s":  # on the rescue's way, which has lost the number that was dialled
            extension = safe_environment(session, "agi_dnid")
        facts = Facts(
            id=session.env["agi_uniqueid"],
            channel=session.env["agi_channel"],
            direction="inbound" if script == "trunk" else "internal",
            caller=Party(),
            did=clean_number(extension),
            trunk=(origin or None) if script == "trunk" else None,
            extension=(origin or None) if script == "phone" else None,
            language=self._site.general.language,
            started=begun(session.env["agi_uniqueid"], datetime.now(UTC)),
        )
        if script == "trunk":
            self._identify(facts, identity.told(session, extension, self._plan(facts)))
        else:
            number, name = (safe_environment(session, f"agi_{key}") for key in ("callerid", "calleridname"))
            facts.caller = party(number, name)
        return facts

    def ask(self, session: AgiSession, facts: Facts) -> None:
        """Complete the facts of a call over a trunk by what its headers say.

        Raises:
            CallerHungUp: the caller is gone.
        """
        trunk = self._site.get("trunk", facts.trunk, Trunk) if facts.trunk else None
        if trunk is not None:
            known = identity.Identity(facts.caller, facts.did, facts.diversion)
            self._identify(facts, identity.asked(session, known, trunk, self._plan(facts)))

    def _identify(self, facts: Facts, found: identity.Identity) -> None:
        facts.caller, facts.did, facts.diversion = found.caller, found.did, found.diversion

    def _plan(self, facts: Facts) -> NumberPlan:
        trunk = self._site.get("trunk", facts.trunk, Trunk) if facts.trunk else None
        return plan_of(self._site.general, trunk)

    def first(self, facts: Facts) -> tuple[str, str]:
        """The first destination and, in words, why. Language, priority and fallback go into `facts`.

        A call over a trunk holds a place on it from then on, unless it is sent to BUSY_TRUNK.
        """
        return self._from_trunk(facts) if facts.direction == "inbound" else self._from_phone(facts, self._codes())

    def transferred(self, facts: Facts) -> tuple[str, str]:
        """Where a transfer leads and why: where the phone that transfers could dial to itself. Changes `facts`.

        Of feature codes, only those that are meant for it.
        """
        asked = replace(facts, did=facts.transfer, extension=facts.dialler)
        first, why = self._from_phone(asked, internal.transferable(self._codes()))
        facts.dialled_rest = asked.dialled_rest
        return first, f"transferred by {facts.dialler}: {why}"

    def _from_trunk(self, facts: Facts) -> tuple[str, str]:
        route = self.routes.find(facts.trunk, facts.did, facts.caller.number, self._now())
        facts.language, facts.priority, facts.fallback = route.language, route.priority, route.fallback
        if not self._has_place(facts):
            return BUSY_TRUNK, "the trunk has all its calls"
        return route.destination, route.why

    def _has_place(self, facts: Facts) -> bool:
        """Take the call's place on its trunk, if there is one left."""
        own = self._site.get("trunk", facts.trunk, Trunk) if facts.trunk else None
        return own is None or self._lines.take(own.name, facts.id, own.max_calls)

    def _from_phone(self, facts: Facts, codes: Iterable[internal.FeatureCode]) -> tuple[str, str]:
        first, facts.dialled_rest = self._dialled(facts.did, codes)
        if first.startswith("outbound:"):
            facts.direction = "outbound"
        facts.fallback = self._site.general.fallback
        own = self._site.get("extension", facts.extension, Extension) if facts.extension else None
        facts.language = (own.language if own else None) or facts.language
        return first, "dialled at a phone"

    def leads(self, number: str) -> str:
        """Where a number leads that is no code: an extension, or outside; '' when nowhere."""
        found, _ = internal.find(self._site, (), number)
        if found != internal.NOBODY:
            return found
        return f"outbound:{number}" if self._outside.takes(number) else ""

    def seeks_help(self, number: str) -> bool:
        """Whether a number dialled at a phone is an emergency number, with a prefix for outside or without."""
        return self._outside.seeks_help(number)

    def _dialled(self, number: str, codes: Iterable[internal.FeatureCode]) -> tuple[str, str]:
        """An emergency number whatever else has it, a code or an extension, a number outside."""
        if not self._outside.is_emergency(number):
            found = internal.find(self._site, codes, number)
            if found[0] != internal.NOBODY or not self._outside.takes(number):
                return found
        return f"outbound:{number}", ""
