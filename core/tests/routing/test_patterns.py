import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.routing.patterns import DialPattern

PLACES = st.sampled_from(["0", "1", "5", "9", "+", "X", "Z", "N", "[1-5]", "[135]", "[07-9]"])
PATTERNS = st.builds(
    lambda places, tail: "_" + "".join(places) + tail,
    st.lists(PLACES, min_size=1, max_size=5),
    st.sampled_from(["", ".", "!"]),
)
NUMBERS = st.text("0123456789+", max_size=8)
EXPRESSIONS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*", "+": r"\+"}


@given(PATTERNS, NUMBERS)
def test_matches_what_the_regular_expression_of_it_matches(text: str, number: str) -> None:
    parts = re.findall(r"\[[0-9-]+\]|.", text[1:])
    expression = "".join(EXPRESSIONS.get(part, part) for part in parts)
    assert DialPattern.read(text).matches(number) is bool(re.fullmatch(expression, number))


@given(PATTERNS, PATTERNS, NUMBERS)
def test_what_covers_another_takes_all_its_numbers(one: str, other: str, number: str) -> None:
    wide, narrow = DialPattern.read(one), DialPattern.read(other)
    if wide.covers(narrow) and narrow.matches(number):
        assert wide.matches(number)
    assert wide.covers(wide)


@given(PATTERNS, PATTERNS)
def test_what_is_covered_and_does_not_cover_is_more_exact(one: str, other: str) -> None:
    wide, narrow = DialPattern.read(one), DialPattern.read(other)
    if wide.covers(narrow) and not narrow.covers(wide):
        assert narrow.weight < wide.weight


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("_0.", "_00.", True),
        ("_0.", "0", False),
        ("_0!", "0", True),
        ("_X.", "_ZXX", True),
        ("_0Z.", "_00.", False),
        ("_[1-5]X", "_[234]5", True),
        ("_X.", "_+44.", False),
        ("112", "112", True),
    ],
)
def test_covers(wide: str, narrow: str, covers: bool) -> None:
    assert DialPattern.read(wide).covers(DialPattern.read(narrow)) is covers


@pytest.mark.parametrize("text", ["_", "_.0", "_0.1", "_[5-1]", "_[-]", "_[12", "_0-1", "_]"])
def test_what_is_no_pattern_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        DialPattern.read(text)


def test_asterisk_prefers_the_pattern_with_fewer_choices_at_the_first_difference() -> None:
    texts = ["_.", "_X.", "_0.", "_00.", "_0044.", "_0X.", "00441", "_NXX", "_0!"]
    order = sorted((DialPattern.read(t) for t in texts), key=lambda p: p.weight)
    assert [p.text for p in order] == ["00441", "_0044.", "_00.", "_0X.", "_0.", "_0!", "_NXX", "_X.", "_."]
