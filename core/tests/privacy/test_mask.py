"""What is left of a number, and of a record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.privacy.mask import is_private, mask_number, mask_record


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+442079460123", "+442*******23"),
        ("13812345678", "138******78"),
        ("5551234", "*****34"),
        ("+12345678", "******78"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_masks(number, shown):
    assert mask_number(number) == shown


@given(st.text("0123456789", min_size=5, max_size=15), st.sampled_from(["", "+"]))
def test_at_least_three_digits_are_hidden(digits, plus):
    shown = mask_number(plus + digits)
    assert shown.count("*") >= 3
    assert len(shown.lstrip("+")) == len(digits)
    assert shown.endswith(digits[-2:])


def test_only_records_of_private_calls_are_masked():
    def record(*path):
        return {
            "caller_number": "13812345678",
            "caller_name": "Ann",
            "diversion": "13812345678",
            "did": "5550800",
            "steps": [{"destination": d} for d in path],
            "legs": [{"number": "13812345678", "role": "caller"}, {"number": "13898765432", "role": "trunk"}],
        }

    plain = record("queue:sales", "prompt:privacy")
    assert mask_record(plain) is plain
    private = mask_record(record("time:day", "privacy:couriers"))
    assert "13812345678" not in str(private)
    assert "13898765432" not in str(private)
    assert "Ann" not in str(private)
    assert private["did"] == "5550800"
    assert is_private(["privacy:a"])
    assert not is_private(["privacylike:a", "x"])
