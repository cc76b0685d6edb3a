"""The rules of recordings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_recording import service

NOW = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)


@given(st.text(min_size=1, max_size=300))
def test_a_name_is_safe_whatever_the_calls_id(call_id: str) -> None:
    name = service.new_name(call_id)
    path = service.store_path(name, NOW, "flac")
    assert service.name_in(path) == name
    assert path.isascii()
    assert path.count("/") == 3
    assert not set(path) & set(" ,;&|$'\"\\\n\0")


def test_the_calls_id_can_be_read_from_a_name() -> None:
    assert service.call_of(service.new_name("jf1-1763763600.7")) == "jf1-1763763600.7"
    assert service.call_of("holiday") is None


def test_names_of_one_call_differ() -> None:
    assert len({service.new_name("1.1") for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "2026/01/31/../../../etc/passwd",
        "2026/01/31/x.flac",
        "2026/01/31/1.1-0123456789abcdef.wav",
        "2026/01/31/1.1-0123456789abcdef.flac\n",
        "2026/01/31/a/1.1-0123456789abcdef.flac",
        "",
    ],
)
def test_a_path_that_is_not_ours_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not the path of a recording"):
        service.name_in(path)


def test_a_part_of_a_sample_does_not_count() -> None:
    assert [service.samples(n) for n in (0, 3, 4, 7, 8)] == [0, 0, 1, 1, 2]
    assert service.seconds(service.samples(8000 * 4)) == 1.0
