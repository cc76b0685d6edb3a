"""Slots: nobody is given somebody else's, and lamps say what is there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.objects.extension import Device, Extension
from jackfield.config.objects.parking import Parking
from jackfield.config.phones import check_devices, check_parking, endpoints, parking_of
from jackfield.config.site import Site
from jackfield.features import parking
from jackfield.features.parking import ParkingLot
from jackfield.routing.internal import find
from pydantic import ValidationError

LOT = Parking(name="lot", first="701", last="703")
SITE = Site({"parking": [LOT], "extension": [Extension(name="201")]})


@given(st.lists(st.tuples(st.sampled_from(["reserve", "occupy", "leave"]), st.integers(0, 5)), max_size=40))
def test_a_slot_is_one_callers(acts: list[tuple[str, int]]) -> None:
    lit: set[str] = set()
    lot = ParkingLot(lambda slot, on: lit.add(slot) if on else lit.discard(slot))
    calls = [SimpleNamespace(id=str(n), caller=SimpleNamespace(number=str(n))) for n in range(6)]
    there: dict[str, int] = {}
    given_out: set[str] = set()
    for act, who in acts:
        slot = LOT.slots()[who % 3]
        if act == "reserve":
            found = lot.reserve(SITE, "201")
            assert found is None or (found not in there and found not in given_out)
            if found is None:
                assert set(LOT.slots()) == set(there) | given_out
            else:
                given_out.add(found)
        elif act == "occupy":
            assert lot.occupy(slot, calls[who], "201") is (there.get(slot, who) == who)
            there.setdefault(slot, who)
            given_out.discard(slot)
        else:
            lot.leave(slot, calls[who])
            if there.get(slot) == who:
                del there[slot]
        assert lit == set(there)
        assert {row["slot"]: row["call"] for row in lot.describe()} == {s: str(n) for s, n in there.items()}


def test_who_does_not_come_loses_the_reservation(monkeypatch: pytest.MonkeyPatch) -> None:
    lot = ParkingLot(lambda slot, on: None)
    assert [lot.reserve(SITE, "201") for _ in range(4)] == ["701", "702", "703", None]
    monkeypatch.setattr(parking, "RESERVED_SECONDS", -1.0)
    assert lot.reserve(SITE, "201") == "701"


def test_slots_in_a_site() -> None:
    assert find(SITE, (), "702") == ("park:702", "")
    assert parking_of(SITE, "704") is None
    clash = Site({"parking": [LOT, Parking(name="two", first="703", last="704")], "extension": [Extension(name="701")]})
    assert [line.split(" ")[0] for line in check_parking(clash)] == ["parking:lot", "parking:two"]
    for first, last in (("702", "701"), ("701", "7001"), ("700", "900")):
        with pytest.raises(ValidationError):
            Parking(name="lot", first=first, last=last)


def test_devices_of_an_extension() -> None:
    devices = [Device(name="201-b"), Device(name="201-a"), Device(name="299-x")]
    site = Site({"extension": [Extension(name="201"), Extension(name="2011")], "device": devices})
    assert endpoints(site, "201") == ["201", "201-a", "201-b"]
    assert endpoints(site, "2011") == ["2011"]
    assert [line.split(" ")[0] for line in check_devices(site)] == ["device:299-x"]
    assert devices[0].extension == "201"
    with pytest.raises(ValidationError):
        Device(name="mobile")
