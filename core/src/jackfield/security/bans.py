"""Bans of SIP addresses: fed by Asterisk's security events, enforced by jackfield-firewall.

Never banned: trunks, what the site or an administrator allows, and addresses where a phone has logged in lately. Who
forges a packet's source can therefore not have any of these banned; guessing from one of them raises an alarm.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jackfield.config.check import trunk_matches
from jackfield.config.objects.security import NAME, Security
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.core import Alarms, Timers
from jackfield.errors import JackfieldError
from jackfield.i18n import sentences
from jackfield.security import offences
from jackfield.security.addresses import BanRefused, Network, parse_address, parse_network, resolve
from jackfield.security.firewall import FirewallClient
from jackfield.security.models import Allowed, Ban, PhoneAddress
from jackfield.security.offences import Address, Sign
from jackfield.security.rule import BanLimits, Windows
from jackfield.security.store import FORGET, Store

S_ = sentences("jackfield")
log = structlog.get_logger(__name__)
HELPER = Path("/run/jackfield-firewall/socket")
TOLD_AGAIN = timedelta(minutes=15)
"""A phone that logs in again is noted this often."""
RESOLVE_SECONDS = 3600.0
"""Trunks' host names are looked up anew this often."""
CALM_SECONDS = 600.0
"""After this time without a further one, an alarm on guessing is over."""
PENDING = 20_000
"""Events that wait at most; in a flood the rest is dropped."""
MOST_IN_A_LINE = 200


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the site says."""

    limits: BanLimits
    phone_hours: int
    lines: tuple[str, ...]
    networks: tuple[Network, ...]


class Bans:
    """Who is banned, who is safe. Methods may be called from any thread; `event` from AMI's."""

    def __init__(
        self,
        store: Store,
        timers: Timers,
        alarms: Alarms,
        helper: Path = HELPER,
        look_up: Callable[..., Any] = socket.getaddrinfo,
    ) -> None:
        self._store, self._timers, self._alarms = store, timers, alarms
        self._look_up = look_up
        self._events: queue.Queue[Callable[[], None]] = queue.Queue(PENDING)
        self._lock = threading.Lock()
        self._windows: Windows[str] = Windows()
        self._bans: dict[str, Ban] = {}
        self._phones: dict[str, PhoneAddress] = {}
        self._allowed: set[str] = set()
        self._site = Site({})
        self._rules = _Rules(BanLimits(), 24, (), ())
        self._firewall = FirewallClient(helper, self._state, self._firewall_trouble)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what is on record, and begin."""
        with self._lock:
            self._bans = {ban.address: ban for ban in self._store.bans()}
            since = datetime.now(UTC) - timedelta(hours=self._rules.phone_hours)
            self._phones = {phone.address: phone for phone in self._store.phones(since)}
            self._allowed = set(self._store.allowed())
        threading.Thread(target=self._work, name="bans", daemon=True).start()
        self._firewall.start()
        self._refresh()

    def stop(self) -> None:
        """Stop; bans stay in force."""
        self._firewall.stop()

    def site_changed(self, site: Site) -> None:
        """Another site is in force."""
        self._site = site
        self._do(self._take_site)

    def _refresh(self) -> None:
        self._do(self._take_site)
        self._timers.after(RESOLVE_SECONDS, self._refresh)

    def _work(self) -> None:
        while True:
            job = self._events.get()
            try:
                job()
            except (JackfieldError, SQLAlchemyError, OSError) as error:
                log.error("bans.failed", error=str(error))
            except Exception:
                log.exception("bans.failed")

    def _do(self, job: Callable[[], None]) -> None:
        try:
            self._events.put_nowait(job)
        except queue.Full:
            log.warning("bans.flooded", waiting=PENDING)

    # -- events ----------------------------------------------------------------------------------------------------

    def event(self, name: str, message: Mapping[str, str]) -> None:
        """Take an AMI event; others than security events are ignored."""
        sign = offences.read(name, message) if name in offences.EVENTS else None
        if sign is not None:
            self._do((lambda: self._good(sign)) if sign.good else (lambda: self._bad(sign)))

    def _good(self, sign: Sign) -> None:
        address, now = str(sign.address), datetime.now(UTC)
        if self._banned(address):  # the right password was on its way
            self.unban(address)
        known = self._phones.get(address)
        if known is not None and now - known.seen_at < TOLD_AGAIN:
            return
        row = PhoneAddress(address=address, account=sign.account, seen_at=now)
        with self._lock:
            self._phones[address] = row
        self._firewall.tell(f"phone {address} {self._rules.phone_hours * 3600}")
        self._store.save(row)

    def _bad(self, sign: Sign) -> None:
        address, limits = str(sign.address), self._rules.limits
        with self._lock:
            count = self._windows.add(address, time.monotonic(), limits.window_seconds)
        if count < limits.after:
            return
        with self._lock:
            self._windows.forget(address)
        safe = self._safe(sign.address)
        what = S_(
            "{count} failed log-ins within {seconds} s, last as {account}",
            count=count, seconds=limits.window_seconds, account=repr(sign.account),
        )  # fmt: skip
        if safe:
            self._guessing(address, what, safe)
        elif not self._banned(address):
            self._ban(address, what, None)

    def _guessing(self, address: str, what: str, safe: str) -> None:
        key = f"password-guessing:{address}"
        log.warning("bans.spared", address=address, what=what, why=safe)
        self._alarms.raise_(
            key,
            S_(
                "{what}, from {address}; it is not banned ({safe}). Look for a phone with a wrong password, or for a "
                "machine that guesses, there.",
                what=what,
                address=address,
                safe=safe,
            ),
            address=address,
        )
        self._timers.after(CALM_SECONDS, lambda: self._alarms.clear(key))

    # -- what is in force ------------------------------------------------------------------------------------------

    def _take_site(self) -> None:
        site = self._site
        own = site.get("security", NAME, Security) or Security()
        trunks = [match for trunk in site.all("trunk", Trunk) for match in trunk_matches(trunk)]
        networks = resolve([*trunks, *own.allow], self._look_up)
        general = site.general
        ports = sorted({general.sip_port, general.tls_port, general.tls_unverified_port})
        lines = (f"limits {','.join(map(str, ports))} {own.sip_rate} {own.sip_burst}",)
        limits = BanLimits(own.ban_after, own.ban_window, own.ban_seconds, own.ban_longest)
        self._rules = _Rules(limits, own.phone_hours, lines, tuple(networks))
        for line in (*lines, self._trust_line()):
            self._firewall.tell(line)

    def _trust_line(self) -> str:
        with self._lock:
            allowed = sorted(self._allowed)
        return " ".join(["trust", *dict.fromkeys([*map(str, self._rules.networks), *allowed])])

    def _state(self) -> Iterator[str]:
        """All that a helper wants that knows nothing."""
        now = datetime.now(UTC)
        yield from self._rules.lines
        yield self._trust_line()
        with self._lock:
            phones = [
                f"{p.address} {left}"
                for p in self._phones.values()
                if (left := self._rules.phone_hours * 3600 - int((now - p.seen_at).total_seconds())) > 0
            ]
            banned = [f"{b.address} {left}" for b in self._bans.values() if (left := _left(b, now)) > 0]
        for word, pairs in (("phone", phones), ("ban", banned)):
            for start in range(0, len(pairs), MOST_IN_A_LINE):
                yield " ".join([word, *pairs[start : start + MOST_IN_A_LINE]])

    def _firewall_trouble(self, text: str) -> None:
        if text:
            log.error("firewall.away", error=text)
            told = S_("{trouble}; bans are not enforced. See: systemctl status jackfield-firewall", trouble=text)
            self._alarms.raise_("firewall", told)
        else:
            log.info("firewall.up")
            self._alarms.clear("firewall", S_("jackfield-firewall serves"))

    def _safe(self, address: Address) -> str:
        """Why an address may not be banned; '' when it may."""
        if any(address in network for network in self._rules.networks):
            return S_("it belongs to a trunk, or the site allows it")
        with self._lock:
            if any(address in ip_network(one) for one in self._allowed):
                return "an administrator allows it"
            phone = self._phones.get(str(address))
        if phone is not None and datetime.now(UTC) - phone.seen_at < timedelta(hours=self._rules.phone_hours):
            return f"phone {phone.account} has logged in there"
        return ""

    def _banned(self, address: str) -> bool:
        with self._lock:
            ban = self._bans.get(address)
        return ban is not None and _left(ban, datetime.now(UTC)) > 0

    def _ban(self, address: str, reason: str, seconds: int | None) -> Ban:
        now = datetime.now(UTC)
        with self._lock:
            before = self._bans.get(address)
            strikes = before.strikes + 1 if before is not None and now - before.until < FORGET else 1
            length = seconds if seconds is not None else self._rules.limits.ban_seconds(strikes)
            ban = Ban(
                address=address, since=now, until=now + timedelta(seconds=length), strikes=strikes, reason=reason[:200]
            )
            self._bans[address] = ban
        self._firewall.tell(f"ban {address} {length}")
        log.warning("bans.banned", address=address, seconds=length, strikes=strikes, reason=reason)
        self._store.save(Ban(**ban.model_dump()))
        return ban

    # -- for administrators ----------------------------------------------------------------------------------------

    def ban(self, address: str, seconds: int = 0, reason: str = "by an administrator") -> dict[str, Any]:
        """Ban an address for so many seconds; 0: as long as the rule says.

        Raises:
            BanRefused: not an address, or one that must not be banned; says why.
        """
        found = parse_address(address)
        if not 0 <= seconds <= 366 * 86400:
            raise BanRefused(f"{seconds} seconds is not a length for a ban; choose one from 1 to {366 * 86400}")
        if safe := self._safe(found):
            raise BanRefused(f"{found} is not banned: {safe}; take that away first")
        return _row(self._ban(str(found), reason, seconds or None), datetime.now(UTC))

    def unban(self, address: str) -> dict[str, Any]:
        """End a ban, and forget it.

        Raises:
            BanRefused: the address is not banned.
        """
        found = str(parse_address(address))
        with self._lock:
            ban = self._bans.pop(found, None)
            self._windows.forget(found)
        if ban is None or _left(ban, datetime.now(UTC)) <= 0:
            raise BanRefused(f"{found} is not banned; see: jackfield bans")
        self._firewall.tell(f"unban {found}")
        self._store.remove(Ban, found)
        log.info("bans.unbanned", address=found)
        return {"address": found, "banned": False}

    def allow(self, network: str) -> dict[str, Any]:
        """Never ban or limit an address or network; ends its bans.

        Raises:
            BanRefused: not a network, or the whole Internet.
        """
        found = parse_network(network)
        self._store.save(Allowed(network=str(found), since=datetime.now(UTC)))
        with self._lock:
            self._allowed.add(str(found))
            over = [one for one in self._bans if ip_address(one) in found]
        self._firewall.tell(self._trust_line())
        for address in over:
            if self._banned(address):
                self.unban(address)
        return {"network": str(found), "allowed": True}

    def disallow(self, network: str) -> dict[str, Any]:
        """Take back what `allow` allowed.

        Raises:
            BanRefused: it is not allowed, or the site allows it.
        """
        found = str(parse_network(network))
        with self._lock:
            if found not in self._allowed:
                raise BanRefused(
                    f"{found} is not on the list of `jackfield allow`; trunks and the site's are in the site"
                )
            self._allowed.discard(found)
        self._store.remove(Allowed, found)
        self._firewall.tell(self._trust_line())
        return {"network": found, "allowed": False}

    def describe(self) -> dict[str, Any]:
        """For `jackfield bans`: bans in force, who is safe, and what the firewall says of itself."""
        now = datetime.now(UTC)
        with self._lock:
            bans = [_row(ban, now) for ban in self._bans.values() if _left(ban, now) > 0]
            phones = sorted(self._phones)
            allowed = sorted(self._allowed)
        try:
            dropped: dict[str, Any] | None = self._firewall.show()["dropped"]
        except JackfieldError:
            dropped = None
        return {
            "bans": sorted(bans, key=lambda row: str(row["since"])),
            "allowed": allowed,
            "site": [str(network) for network in self._rules.networks],
            "phones": phones,
            "enforced": dropped is not None,
            "dropped": dropped,
        }


def _left(ban: Ban, now: datetime) -> int:
    return int((ban.until - now).total_seconds())


def _row(ban: Ban, now: datetime) -> dict[str, Any]:
    return {
        "address": ban.address,
        "since": ban.since.isoformat(),
        "seconds_left": _left(ban, now),
        "strikes": ban.strikes,
        "reason": ban.reason,
    }
