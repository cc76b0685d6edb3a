"""Dial patterns in Asterisk's way: what they match, which is the more exact, which hides another."""

from __future__ import annotations

from dataclasses import dataclass, field

from jackfield.config.number_sets import KEYS, places_of

DIAL_PATTERN = r"^(\+?[0-9]{1,32}|_[+0-9XZN.!\[\]-]{1,64})$"
"""A number, or `_` and a pattern: X is 0-9, Z 1-9, N 2-9, `[1-57]` one of these; at the end `.` stands for one or more
of anything, `!` for none or more."""
_ANY = KEYS | {"+"}
_TAIL_WEIGHT = {"": (), ".": (100,), "!": (101,)}


@dataclass(frozen=True, slots=True)
class DialPattern:
    """One pattern, read. `text` is as it was written."""

    text: str
    places: tuple[frozenset[str], ...] = field(repr=False)
    tail: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> DialPattern:
        """Read a pattern or a number.

        Raises:
            ValueError: with a sentence that says what is wrong.
        """
        if not text.startswith("_"):
            return cls(text, tuple(frozenset(c) for c in text), "")
        places, tail = places_of(text[1:], plus=True)
        return cls(text, places, tail)

    @property
    def shortest(self) -> int:
        """Length of the shortest number that it matches."""
        return len(self.places) + (self.tail == ".")

    @property
    def weight(self) -> tuple[int, ...]:
        """Sorts the more exact first, as Asterisk does: at the first place that differs, fewer digits win."""
        return tuple(len(place) for place in self.places) + _TAIL_WEIGHT[self.tail]

    def matches(self, number: str) -> bool:
        """Whether a number has this form."""
        if len(number) < self.shortest or (not self.tail and len(number) > len(self.places)):
            return False
        return all(c in place for c, place in zip(number, self.places, strict=False))

    def covers(self, other: DialPattern) -> bool:
        """Whether every number that `other` matches has this form too."""
        if self.shortest > other.shortest or (not self.tail and (other.tail or len(other.places) != len(self.places))):
            return False
        theirs = other.places + (_ANY,) * (len(self.places) - len(other.places))
        return all(their <= own for their, own in zip(theirs, self.places, strict=False))
