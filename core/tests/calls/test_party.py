from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.party import MAX_NAME, clean_name, clean_number


def test_hostile_numbers_are_refused_whole() -> None:
    for raw in ("500&PJSIP/evil", "${SHELL(id)}", "1;2", "a" * 50, "+", "sip:1@x", "12\n34", '"', "1,2", "9" * 33):
        assert clean_number(raw) == ""


def test_numbers_as_people_write_them() -> None:
    assert clean_number("+1 (555) 010-0123") == "+15550100123"
    assert clean_number("*11") == "*11"


@given(st.text(max_size=500))
def test_names_are_harmless(raw: str) -> None:
    name = clean_name(raw)
    assert len(name) <= MAX_NAME
    assert name.isprintable()
    assert not set(name) & set('"\\${}[]`<>;|&')


def test_names_in_any_script_stay() -> None:
    assert clean_name("王小明") == "王小明"
    assert clean_name("Zoë\tO'Neil\r\nX") == "Zoë O'Neil X"
