"""Sets of numbers against a plain regular expression, and the index against looking at every set."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.number_sets import Block, NumberIndex, parse

CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": "[0-9*#]+", "!": "[0-9*#]*"}
PLACES = st.sampled_from([*"012", "X", "Z", "N", "[1-3]", "[02]", "[0-13]"])
PATTERNS = st.builds(
    lambda places, end: "_" + "".join(places) + end,
    st.lists(PLACES, min_size=1, max_size=4),
    st.sampled_from(["", ".", "!"]),
)
RANGES = st.tuples(st.integers(0, 999), st.integers(0, 999)).map(lambda p: f"{min(p):03}-{max(p):03}")
SETS = st.one_of(PATTERNS, RANGES, st.integers(0, 999).map(str), st.integers(0, 99).map(lambda n: f"{n}*"))
NUMBERS = st.text("0123", max_size=5)
EVERY = [f"{n:0{w}}" for w in (1, 2, 3, 4) for n in range(10**w)]


def expected(text: str, number: str) -> bool:
    if text.startswith("_"):
        parts = re.findall(r"\[[0-9-]+\]|.", text[1:])
        return bool(re.fullmatch("".join(p if p[0] == "[" else CLASSES.get(p, p) for p in parts), number))
    if text.endswith("*"):
        return number.startswith(text[:-1])
    first, dash, last = text.partition("-")
    return len(number) == len(first) and first <= number <= last if dash else number == text


@given(SETS, NUMBERS)
def test_what_is_in_a_set(text: str, number: str) -> None:
    assert (number in parse(text)) == expected(text, number)
    assert (f"+{number}" in parse(text)) == expected(text, number)


@given(RANGES)
def test_a_range_has_each_of_its_numbers_once(text: str) -> None:
    first, last = map(int, text.split("-"))
    assert parse(text).size == last - first + 1
    assert all(sum(b.fits(f"{n:03}") for b in parse(text).blocks) == (first <= n <= last) for n in range(1000))


@given(SETS, SETS)
def test_numbers_in_common_and_whole_sets_within(one: str, other: str) -> None:
    a, b = parse(one), parse(other)
    common = a.common(b)
    shared = [n for n in EVERY if expected(one, n) and expected(other, n)]
    assert (common is not None and expected(one, common) and expected(other, common)) or not shared
    if not shared:
        assert common is None or len(common) > 4
    if a.within(b):
        assert all(expected(other, n) for n in EVERY if expected(one, n))


@given(RANGES, RANGES)
def test_a_range_within_a_range_is_always_seen(one: str, other: str) -> None:
    (a, b), (c, d) = (map(int, text.split("-")) for text in (one, other))
    assert parse(one).within(parse(other)) == (c <= a and b <= d)


@given(st.lists(SETS, max_size=30), NUMBERS)
def test_the_index_finds_what_looking_at_each_finds(texts: list[str], number: str) -> None:
    index = NumberIndex((parse(text), place) for place, text in enumerate(texts))
    assert sorted(index.find(number)) == [i for i, text in enumerate(texts) if expected(text, number)]


@given(st.lists(SETS, max_size=12))
def test_near_sets_are_all_that_share_numbers(texts: list[str]) -> None:
    index = NumberIndex((parse(text), place) for place, text in enumerate(texts))
    pairs = {frozenset((i, j)) for i, text in enumerate(texts) for j in index.near(parse(text))}
    for i, one in enumerate(texts):
        for j in range(i):
            if parse(one).common(parse(texts[j])) is not None:
                assert {i, j} in pairs


def test_few_comparisons_among_ten_thousand_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number costs a handful of comparisons, whether the site has ten numbers or ten thousand."""
    compared, fits = [], Block.fits
    monkeypatch.setattr(Block, "fits", lambda self, number: bool(compared.append(1)) or fits(self, number))

    def cost(count: int) -> int:
        texts = [f"555{n:05}" for n in range(count)] + [f"777{n:04}0-777{n:04}9" for n in range(count // 10)]
        index = NumberIndex((parse(text), text) for text in [*texts, "_55X.", "_!", "7770095-7770199"])
        compared.clear()
        for n in range(0, count, max(1, count // 100)):
            assert f"555{n:05}" in index.find(f"555{n:05}")
        return max(1, len(compared)) // min(count, 100)

    assert cost(10_000) <= cost(100) + 2 <= 8


@pytest.mark.parametrize(
    "text",
    ["", "+", "12a", "5-", "55-5", "6-5", "_", "_.5", "_[", "_[]", "_[5-1]", "_[a]", "_5 5", "_5\n5", "_5+", "1" * 33,
     "_" + "X" * 33, "５", "anonymous", "5**", "_5-6"],
)  # fmt: skip
def test_what_is_no_set(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ .*\w+"):
        parse(text)
