"""The lines that the helper takes, checked word by word: what is not on this list is refused.

| line | meaning |
|---|---|
| `limits PORT,PORT RATE BURST` | SIP's ports; packets a second, and at once, of an unknown source |
| `trust NETWORK …` | just these networks are never limited or banned |
| `phone ADDRESS SECONDS …` | phones are registered from there |
| `ban ADDRESS SECONDS …`, `unban ADDRESS` | |
| `show` | what is banned, and how many packets were dropped |
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from jackfield.firewall import ruleset

MAX_LINE = 65536
MAX_NETWORKS = 2000
MAX_ADDRESSES = 500
SHOW = "show"


class Refused(ValueError):
    """A line that is none of ours; says why."""


def translate(line: str) -> str:
    """The text for nft that a line asks for.

    Raises:
        Refused: it is not one of the lines above.
    """
    word, *rest = line.split()
    try:
        return _WORDS[word](rest)
    except KeyError:
        raise Refused(f"no word {word[:20]!r}") from None
    except (ValueError, IndexError) as error:
        raise Refused(f"{word}: {error}") from None


def _limits(rest: list[str]) -> str:
    ports, rate, burst = rest
    numbers = [_number(port, 65535) for port in ports.split(",")]
    return ruleset.rules(numbers[:16], _number(rate, 100_000), _number(burst, 100_000))


def _trust(rest: list[str]) -> str:
    if len(rest) > MAX_NETWORKS:
        raise ValueError(f"more than {MAX_NETWORKS} networks")
    networks = [ip_network(one, strict=False) for one in rest]
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("the whole Internet cannot be trusted")
    return ruleset.trust(networks)


def _put(name: str, rest: list[str]) -> str:
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    if not 1 <= len(pairs) <= MAX_ADDRESSES:
        raise ValueError(f"from 1 to {MAX_ADDRESSES} addresses and their seconds are wanted")
    return "".join(ruleset.put(name, _address(one), _number(seconds, ruleset.MAX_SECONDS)) for one, seconds in pairs)


def _unban(rest: list[str]) -> str:
    (address,) = rest
    return ruleset.take("banned", _address(address))


def _address(text: str) -> ruleset.Address:
    address = ip_address(text)
    if address.is_loopback or address.is_unspecified or address.is_multicast or "%" in text:
        raise ValueError(f"{address} is not the address of another machine")
    return address


def _number(text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise ValueError(f"{text[:20]!r} is not a number from 1 to {most}")
    return int(text)


_WORDS = {
    "limits": _limits,
    "trust": _trust,
    "phone": lambda rest: _put("phones", rest),
    "ban": lambda rest: _put("banned", rest),
    "unban": _unban,
}
