"""Texts for `nft -f -`, made of checked addresses and numbers only.

The table `inet jackfield` is ours alone; other tables are neither read nor changed. Its chain runs before the usual
filters and accepts or drops; what it accepts the administrator's own tables still see. Everything but SIP passes at
once, so that a ban never locks anybody out of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

TABLE = "inet jackfield"
MAX_SECONDS = 366 * 86400
SET_SIZE = 65536
"""Addresses that a set holds; what does not fit is not limited, and never refused."""
RATE_SECONDS = 10
"""How long a source is remembered whose packets were counted."""
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def table() -> str:
    """The empty table; one that is there is replaced in the same transaction."""
    sets = []
    for family in (4, 6):
        kind = f"type ipv{family}_addr; size {SET_SIZE};"
        sets += [
            f"set trusted{family} {{ type ipv{family}_addr; flags interval; auto-merge; }}",
            f"set phones{family} {{ {kind} flags timeout; }}",
            f"set banned{family} {{ {kind} flags timeout; }}",
            f"set rate{family} {{ {kind} flags dynamic,timeout; timeout {RATE_SECONDS}s; }}",
        ]
    body = "\n  ".join(
        [
            *sets,
            "counter banned { }",
            "counter limited { }",
            "chain sip { type filter hook input priority -10; policy accept; }",
        ]
    )
    return f"{removal()}table {TABLE} {{\n  {body}\n}}\n"


def removal() -> str:
    """Takes the table away, if it is there."""
    return f"table {TABLE}\ndelete table {TABLE}\n"


def rules(ports: Sequence[int], rate: int, burst: int) -> str:
    """The chain's rules; its sets stay as they are.

    A UDP packet counts, and of TCP the first one of a connection, so that no connection tracking is needed.

    Args:
        ports: SIP's, of UDP and TCP.
        rate: packets a second that a source may send which is neither trusted nor a phone's.
        burst: packets that it may send at once.
    """
    lines = [f"flush chain {TABLE} sip"]
    add = f"add rule {TABLE} sip"
    lines += [
        f'{add} iifname "lo" accept',
        f"{add} meta l4proto != {{ tcp, udp }} accept",
        f"{add} th dport != {{ {', '.join(str(int(port)) for port in ports)} }} accept",
    ]
    sides = (("ip", 4), ("ip6", 6))
    lines += [f"{add} {ip} saddr @{name}{family} accept" for name in ("trusted", "phones") for ip, family in sides]
    lines += [f"{add} {ip} saddr @banned{family} counter name banned drop" for ip, family in sides]
    over = f"limit rate over {int(rate)}/second burst {int(burst)} packets"
    for what in ("meta l4proto udp", "tcp flags & (syn | ack) == syn"):
        lines += [
            f"{add} {what} update @rate{family} {{ {ip} saddr {over} }} counter name limited drop"
            for ip, family in sides
        ]
    return "\n".join(lines) + "\n"


def trust(networks: Iterable[Network]) -> str:
    """Just these networks are trusted."""
    lines = [f"flush set {TABLE} trusted4", f"flush set {TABLE} trusted6"]
    for network in networks:
        lines.append(f"add element {TABLE} trusted{network.version} {{ {network} }}")
    return "\n".join(lines) + "\n"


def put(name: str, address: Address, seconds: int) -> str:
    """An address into `banned` or `phones`, for so long from now."""
    # nft keeps the first timeout of an element that is there already; adding it makes the deletion sure to succeed.
    added = f"add element {TABLE} {name}{address.version} {{ {address} timeout {int(seconds)}s }}\n"
    return take(name, address) + added


def take(name: str, address: Address) -> str:
    """An address out of `banned` or `phones`, whether it is there or not."""
    which = f"element {TABLE} {name}{address.version} {{ {address} }}"
    return f"add {which}\ndelete {which}\n"
