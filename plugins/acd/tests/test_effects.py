"""What a changed queue means, in words."""

from jackfield_acd.effects import describe
from jackfield_acd.kinds import Queue


def test_who_serves_and_where_callers_overflow() -> None:
    old = Queue(name="q", agents=["1", "2"])
    new = Queue(name="q", agents=["2", "3"], max_wait=5, overflow="prompt:later")
    assert [(effect.text, effect.fields) for effect in describe(old, new)] == [
        ("agent 3 serves queue q", ("agents",)),
        ("agent 1 no longer serves queue q", ("agents",)),
        ("callers who overflow from queue q go to prompt:later", ("overflow",)),
    ]
    assert describe(None, new) == []
