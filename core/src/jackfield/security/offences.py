"""AMI's security events: who failed to prove who it is, and who did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
FAILURES = frozenset(
    {
        "ChallengeResponseFailed",
        "FailedACL",
        "InvalidAccountID",
        "InvalidPassword",
        "RequestBadFormat",
    }
)
SUCCESS = "SuccessfulAuth"
UNKNOWN = "<unknown>"
EVENTS = FAILURES | {SUCCESS}
"""All that must get through `config/ami_events.py`."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One security event of SIP: a wrong or a right password from an address."""

    address: Address
    account: str
    good: bool


def read(name: str, event: Mapping[str, str]) -> Sign | None:
    """What a security event tells; None when it is not about SIP from another machine.

    `RemoteAddress` is the packet's own source, as in `IPV4/UDP/192.0.2.7/5060`, and nothing that the sender wrote.
    """
    if name not in EVENTS or event.get("Service") != "PJSIP":
        return None
    if name == SUCCESS and event.get("UsingPassword") != "1":
        return None
    parts = event.get("RemoteAddress", "").split("/")
    try:
        address = ip_address(parts[2].strip("[]"))
    except (IndexError, ValueError):
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return None
    account = "".join(c for c in event.get("AccountID", "")[:80] if c.isprintable())
    if account == UNKNOWN:  # InvalidAccountID has told of this request already
        return None
    return Sign(address, account, name == SUCCESS)
