"""Addresses and networks as people and sites write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import structlog

from jackfield.errors import JackfieldError
from jackfield.security.offences import Address

Network = IPv4Network | IPv6Network
log = structlog.get_logger(__name__)


class BanRefused(JackfieldError):
    """An address that cannot be banned, or is not one."""


def parse_address(text: str) -> Address:
    """An address of another machine.

    Raises:
        BanRefused: it is none; says how to write one.
    """
    try:
        found = ip_address(text.strip())
    except ValueError:
        raise BanRefused(f"{text[:60]!r} is not an address; write it as in 192.0.2.1 or 2001:db8::1") from None
    if found.is_loopback or found.is_unspecified or found.is_multicast:
        raise BanRefused(f"{found} is not the address of another machine")
    return found


def parse_network(text: str) -> Network:
    """A network smaller than the whole.

    Raises:
        BanRefused: it is none; says how to write one.
    """
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        raise BanRefused(f"{text[:60]!r} is not an address or network; write it as in 192.0.2.0/24") from None
    if found.prefixlen == 0:
        raise BanRefused("the whole Internet cannot be allowed; name a smaller network")
    return found


def resolve(matches: Iterable[str], look_up: Callable[[str, None], Any]) -> list[Network]:
    """Networks and host names as networks; a name that cannot be looked up now is left out.

    Args:
        matches: as the site has them.
        look_up: as `socket.getaddrinfo`; may take seconds.
    """
    found: list[Network] = []
    for match in matches:
        try:
            found.append(ip_network(match.strip("[]"), strict=False))
            continue
        except ValueError:
            pass
        try:
            told = look_up(match, None)
        except OSError as error:
            log.warning("bans.unresolved", host=match, error=str(error))
            continue
        found += sorted({ip_network(str(one[4][0]).partition("%")[0]) for one in told}, key=str)
    return found
