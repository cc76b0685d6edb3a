"""Sets of telephone numbers: one number, a prefix, a range, or a pattern in Asterisk's way; and an index of many sets.

A `+` in front never counts: `+5550100` and `5550100` are the same number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from math import inf, prod
from typing import Generic, TypeVar

from jackfield.i18n import sentences

S_ = sentences("jackfield")
T = TypeVar("T")
DIGITS = frozenset("0123456789")
KEYS = DIGITS | frozenset("*#")
_CLASSES = {"X": DIGITS, "Z": DIGITS - {"0"}, "N": DIGITS - {"0", "1"}}
_EXACT = re.compile(r"\+?([0-9]{1,32})")
_PREFIX = re.compile(r"\+?([0-9]{0,32})\*")
_RANGE = re.compile(r"\+?([0-9]{1,32})-\+?([0-9]{1,32})")
_TOKEN = re.compile(r"\[([^\]]*)\]|(.)", re.DOTALL)
_SET = re.compile(r"(?:[0-9](?:-[0-9])?)+")
MAX_PLACES = 32
"""Digits of the longest number."""


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers with one of some digits at each place, and at least `more` further ones; None: none."""

    places: tuple[frozenset[str], ...]
    more: int | None = None

    def fits(self, number: str) -> bool:
        """Whether a number (without +) is in it."""
        extra = len(number) - len(self.places)
        if extra < 0 or (extra != 0 if self.more is None else extra < self.more):
            return False
        return all(digit in place for digit, place in zip(number, self.places, strict=False))

    @property
    def size(self) -> float:
        """How many numbers are in it."""
        return inf if self.more is not None else prod(len(place) for place in self.places)

    @property
    def prefix(self) -> str:
        """What all its numbers begin with."""
        fixed = ""
        for place in self.places:
            if len(place) > 1:
                break
            fixed += next(iter(place))
        return fixed

    def within(self, other: Block) -> bool:
        """Whether all its numbers are in another one."""
        extra = len(self.places) - len(other.places)
        if other.more is None:
            if self.more is not None or extra != 0:
                return False
        elif extra + (self.more or 0) < other.more or extra < 0:
            return False
        return all(mine <= its for mine, its in zip(self.places, other.places, strict=False))

    def common(self, other: Block) -> str | None:
        """A number that is in both; None when there is none."""
        both = (self, other)
        length = max(len(block.places) + (block.more or 0) for block in both)
        if any(block.more is None and len(block.places) < length for block in both):
            return None
        places = [a & b for a, b in zip_longest(self.places, other.places, fillvalue=KEYS)]
        return "".join(min(p & DIGITS or p) for p in places).ljust(length, "0") if all(places) else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """A set of numbers: blocks that have no number in common."""

    blocks: tuple[Block, ...]

    def __contains__(self, number: str) -> bool:
        return any(block.fits(number.lstrip("+")) for block in self.blocks)

    @property
    def size(self) -> float:
        """How many numbers are in it."""
        return sum(block.size for block in self.blocks)

    def within(self, other: Numbers) -> bool:
        """Whether all its numbers are in another set; a block that only several of the other's hold counts as not."""
        return all(any(mine.within(its) for its in other.blocks) for mine in self.blocks)

    def common(self, other: Numbers) -> str | None:
        """A number that is in both sets."""
        return next((n for mine in self.blocks for its in other.blocks if (n := mine.common(its)) is not None), None)


@lru_cache(maxsize=65536)
def parse(text: str) -> Numbers:
    """Read `5550100`, `555*`, `5550100-5550199` or `_555XXXX`.

    In a pattern X is 0-9, Z 1-9, N 2-9, `[1-5]` one of some; at its end `.` is one or more of anything, `!` none or
    more. A range is of numbers of one length: leading zeros count.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    if text.startswith("_"):
        return Numbers((_pattern(text[1:].removeprefix("+")),))
    if found := _EXACT.fullmatch(text):
        return Numbers((_exact(found[1]),))
    if found := _PREFIX.fullmatch(text):
        return Numbers((Block(_exact(found[1]).places, 0),))
    if found := _RANGE.fullmatch(text):
        first, last = found[1], found[2]
        if len(first) != len(last):
            raise ValueError(
                S_(
                    "{first} and {last} are not of one length; write both ends of a range in full",
                    first=first,
                    last=last,
                )
            )
        if first > last:
            raise ValueError("the range ends before it begins; write the lower number first")
        return Numbers(tuple(Block(places) for places in _range(first, last)))
    raise ValueError("not a number; write digits, a range such as 5550100-5550199, or a pattern such as _555XXXX")


def _exact(digits: str) -> Block:
    return Block(tuple(frozenset(d) for d in digits))


def _pattern(text: str) -> Block:
    places, tail = places_of(text)
    return Block(places, {".": 1, "!": 0}.get(tail))


def places_of(text: str, *, plus: bool = False) -> tuple[tuple[frozenset[str], ...], str]:
    """Read a pattern, without its `_`: what may be at each place, and `.`, `!` or '' for its end.

    Args:
        text: as written.
        plus: whether a `+` is a place of its own, as in what people dial.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    tail = text[-1:] if text[-1:] in (".", "!") else ""
    places: list[frozenset[str]] = []
    for token in _TOKEN.finditer(text.removesuffix(tail)):
        inner, char = token[1], token[2]
        if inner is not None:
            places.append(_digits_of(inner))
        elif char in DIGITS or (plus and char == "+"):
            places.append(frozenset(char))
        elif char in _CLASSES:
            places.append(_CLASSES[char])
        elif char in ".!":
            raise ValueError(
                S_("{char} stands for the rest of the number; write it at the end of a pattern only", char=repr(char))
            )
        else:
            raise ValueError(
                S_(
                    "{char} means nothing in a pattern; write digits, X, Z, N, [1-5] and at the end . or !",
                    char=repr(char),
                )
            )
    if not text or len(places) > MAX_PLACES:
        raise ValueError(S_("a pattern has 1 to {most} places; write it as in _555XXXX", most=MAX_PLACES))
    return tuple(places), tail


def _digits_of(text: str) -> frozenset[str]:
    found: set[str] = set()
    if not _SET.fullmatch(text):
        raise ValueError(S_("[{text}] is no set of digits; write it as in [1-5] or [035]", text=text))
    for part in re.findall(r"[0-9](?:-[0-9])?", text):
        if part[0] > part[-1]:
            raise ValueError(S_("[{text}] runs backwards; write the lower digit first", text=text))
        found.update(str(digit) for digit in range(int(part[0]), int(part[-1]) + 1))
    return frozenset(found)


def _range(first: str, last: str) -> Iterator[tuple[frozenset[str], ...]]:
    """The blocks of a range, each as large as can be: 5550095-5550199 is 555009[5-9] and 55501XX."""
    if not first:
        yield ()
        return
    rest = len(first) - 1
    low, high = int(first[0]), int(last[0])
    if low == high:
        yield from ((frozenset(first[0]), *inner) for inner in _range(first[1:], last[1:]))
        return
    from_zero, to_nine = first[1:] == "0" * rest, last[1:] == "9" * rest
    if not from_zero:
        yield from ((frozenset(first[0]), *inner) for inner in _range(first[1:], "9" * rest))
    whole = frozenset(str(digit) for digit in range(low + (not from_zero), high + to_nine))
    if whole:
        yield (whole, *(DIGITS,) * rest)
    if not to_nine:
        yield from ((frozenset(last[0]), *inner) for inner in _range("0" * rest, last[1:]))


class NumberIndex(Generic[T]):
    """Many sets of numbers, each with a value. Looking up compares only sets that begin as the number does."""

    def __init__(self, entries: Iterable[tuple[Numbers, T]]) -> None:
        self._by_prefix: dict[str, list[tuple[Block, T]]] = {}
        for numbers, value in entries:
            for block in numbers.blocks:
                self._by_prefix.setdefault(block.prefix, []).append((block, value))

    def find(self, number: str) -> list[T]:
        """Values of the sets that a number is in."""
        number = number.lstrip("+")
        return [value for block, value in self._beginning(number) if block.fits(number)]

    def near(self, numbers: Numbers) -> list[T]:
        """Values of sets that may share numbers with these, as far as their fixed beginning is no longer."""
        return [value for block in numbers.blocks for _, value in self._beginning(block.prefix)]

    def _beginning(self, text: str) -> Iterator[tuple[Block, T]]:
        for end in range(min(len(text), MAX_PLACES) + 1):
            yield from self._by_prefix.get(text[:end], ())
