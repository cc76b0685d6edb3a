"""How a call begins: what is known of it when it arrives, and where it goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from jackfield.calls.party import clean_number, party
from jackfield.calls.state import Facts
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.trunk import Trunk
from jackfield.routing import internal
from jackfield.routing.inbound import InboundRoutes
from jackfield.telephony.agi import AgiSession, safe_environment

if TYPE_CHECKING:
    from jackfield.config.site import Site

BUSY_TRUNK = "hangup:congestion"


class Arrivals:
    """Reads arriving calls, and routes them by one site."""

    def __init__(
        self,
        site: Site,
        codes: Callable[[], Iterable[internal.FeatureCode]],
        live: Callable[[], Iterable[Facts]],
        now: Callable[[], datetime],
    ) -> None:
        """Prepares the site's routes.

        Args:
            site: the site.
            codes: gives the feature codes, longest first.
            live: gives the calls that are live.
            now: the time, aware.
        """
        self._site = site
        self._codes = codes
        self._live = live
        self._now = now
        self.routes = InboundRoutes(site)

    def facts(self, session: AgiSession, script: str, origin: str) -> Facts:
        """What Asterisk says of a call that is new; `origin` is its trunk or extension."""
        extension = safe_environment(session, "agi_extension")
        if extension == "s":  # on the rescue's way, which has lost the number that was dialled
            extension = safe_environment(session, "agi_dnid")
        dialled = clean_number(extension)
        caller = party(safe_environment(session, "agi_callerid"), safe_environment(session, "agi_calleridname"))
        return Facts(
            id=session.env["agi_uniqueid"],
            channel=session.env["agi_channel"],
            direction="inbound" if script == "trunk" else "internal",
            caller=caller,
            did=dialled,
            trunk=(origin or None) if script == "trunk" else None,
            extension=(origin or None) if script == "phone" else None,
            language=self._site.general.language,
        )

    def first(self, facts: Facts) -> tuple[str, str]:
        """The first destination and, in words, why. Language, priority and fallback go into `facts`."""
        return self._from_trunk(facts) if facts.direction == "inbound" else self._from_phone(facts)

    def _from_trunk(self, facts: Facts) -> tuple[str, str]:
        route = self.routes.find(facts.trunk, facts.did, facts.caller.number, self._now())
        facts.language, facts.priority, facts.fallback = route.language, route.priority, route.fallback
        if self._full(facts.trunk):
            return BUSY_TRUNK, "the trunk has all its calls"
        return route.destination, route.why

    def _full(self, trunk: str | None) -> bool:
        """Whether a trunk has as many calls as it may have."""
        own = self._site.get("trunk", trunk, Trunk) if trunk else None
        return bool(own and own.max_calls and sum(facts.trunk == trunk for facts in self._live()) >= own.max_calls)

    def _from_phone(self, facts: Facts) -> tuple[str, str]:
        first, facts.dialled_rest = internal.find(self._site, self._codes(), facts.did)
        facts.fallback = self._site.general.fallback
        own = self._site.get("extension", facts.extension, Extension) if facts.extension else None
        facts.language = (own.language if own else None) or facts.language
        return first, "dialled at a phone"
