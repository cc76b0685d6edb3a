from datetime import UTC, datetime

import pytest
from jackfield.calls.party import Party
from jackfield.calls.state import Facts, Saved, decode, encode
from jackfield.errors import UnsafeValue


def saved(**data: str) -> Saved:
    facts = Facts(
        "1.1", "PJSIP/c-1", "inbound", Party("5551", "王"), "5550100", started=datetime(2026, 1, 2, tzinfo=UTC)
    )
    return Saved(facts, "queue:sales", 3, data, {"joined": 12.5}, 1, True, facts.started)


def test_round_trip_in_safe_letters() -> None:
    packed = encode(saved(a="b,c"))
    assert packed.replace("-", "").replace("_", "").isalnum()
    assert decode(packed) == saved(a="b,c")


def test_too_much_is_refused() -> None:
    with pytest.raises(UnsafeValue):
        encode(saved(a="x" * 8000))


@pytest.mark.parametrize("packed", ["", "x", "####", "e30", "W10", "é"])
def test_rubbish_is_no_state(packed: str) -> None:
    assert decode(packed) is None
