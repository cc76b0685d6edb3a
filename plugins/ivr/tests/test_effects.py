"""What a changed menu means, in words."""

from jackfield_ivr.effects import describe
from jackfield_ivr.kinds import Menu


def test_where_keys_lead() -> None:
    old = Menu(name="m", prompt="p", keys={"1": "queue:a", "2": "queue:b", "3": "queue:c"})
    new = Menu(name="m", prompt="p", keys={"1": "queue:x", "3": "queue:c", "4": "queue:d"})
    assert [effect.text for effect in describe(old, new)] == [
        "key 1 of menu m leads to queue:x instead of queue:a",
        "key 2 of menu m no longer leads to queue:b",
        "key 4 of menu m leads to queue:d",
    ]
    assert describe(None, new) == describe(old, None) == []
