"""The rules of menus."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from jackfield_ivr.kinds import Menu
from jackfield_ivr.service import Choice, Reading, above, choices, enter, read

KEYS = "0123456789*#"
rows = st.text(alphabet="12#", min_size=1, max_size=4)
tables = st.sets(rows, min_size=1, max_size=6)


def type_in(keys: str, table: set[str]) -> str:
    """What is taken of a row of keys when each comes in time."""
    typed = ""
    for key in keys:
        typed += key
        if read(typed, table) in (Reading.FINAL, Reading.NOTHING):
            break
    return typed


@given(tables, rows)
def test_a_reading_is_what_counting_says(table: set[str], typed: str) -> None:
    longer = sum(1 for c in table if c != typed and c[: len(typed)] == typed)
    expected = {
        (True, False): Reading.FINAL,
        (True, True): Reading.CHOICE_OR_MORE,
        (False, True): Reading.MORE,
        (False, False): Reading.NOTHING,
    }[typed in table, longer > 0]
    assert read(typed, table) is expected


@given(tables)
def test_every_choice_can_be_typed(table: set[str]) -> None:
    for choice in table:
        assert type_in(choice, table) == choice


@given(tables, st.text(alphabet="12#", max_size=4))
def test_keys_after_a_final_choice_are_not_taken(table: set[str], more: str) -> None:
    for choice in table:
        if read(choice, table) is Reading.FINAL:
            assert type_in(choice + more, table) == choice


@given(tables, st.text(alphabet=KEYS, min_size=1, max_size=12))
def test_no_more_keys_are_taken_than_the_longest_choice_has(table: set[str], keys: str) -> None:
    assert len(type_in(keys, table)) <= max(map(len, table))


@given(tables, st.text(alphabet=KEYS, min_size=1, max_size=12))
def test_a_row_that_is_no_choice_is_never_read_as_one(table: set[str], keys: str) -> None:
    typed = type_in(keys, table)
    assert keys.startswith(typed)
    if read(typed, table) is Reading.NOTHING:
        assert typed not in table


@given(st.lists(st.sampled_from("abcd"), max_size=30))
def test_a_path_never_holds_a_menu_twice(walk: list[str]) -> None:
    path: list[str] = []
    for menu in walk:
        before = path
        path = enter(path, menu)
        assert path[-1] == menu
        assert len(set(path)) == len(path)
        assert above(path) in (None, *before)


def test_back_from_a_level_below_leads_to_the_level_above() -> None:
    assert above(enter(enter(enter([], "main"), "sales"), "spares")) == "sales"
    assert enter(["main", "sales", "spares"], "sales") == ["main", "sales"]
    assert above(["main"]) is None


def test_choices_of_a_menu() -> None:
    menu = Menu(
        name="m",
        prompt="p",
        keys={"1": "queue:sales", "2": "ivr:other", "201": "queue:vip"},
        languages={"2": "zh", "3": "en"},
        repeat_key="*",
        back_key="#",
        dial_extensions=True,
    )
    assert choices(menu, ["201", "202"]) == {
        "1": Choice(destination="queue:sales"),
        "2": Choice(destination="ivr:other", language="zh"),
        "3": Choice(language="en"),
        "201": Choice(destination="queue:vip"),
        "202": Choice(destination="extension:202"),
        "*": Choice(),
        "#": Choice(back=True),
    }
    assert "202" not in choices(menu.model_copy(update={"dial_extensions": False}), ["202"])
