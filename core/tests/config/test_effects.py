"""What a change means, for whom: core's kinds; and how a plan tells it."""

from jackfield.config import effects
from jackfield.config.kinds import Effect, Kind
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.inbound import CallerList, Did
from jackfield.config.objects.trunk import Trunk


def texts(found: list[Effect]) -> list[str]:
    return [effect.text for effect in found]


def test_routes() -> None:
    old = Did(name="d", number="5550100", destination="ivr:main")
    new = Did(name="d", number="5550100", destination="queue:sales", hours="day", fallback="hangup:busy")
    assert texts(effects.did(old, new)) == [
        "calls to 5550100 go to queue:sales instead of ivr:main",
        "calls to 5550100 go to prompt:closed outside the hours day",
        "calls to 5550100 go to hangup:busy when their destination fails",
    ]
    assert texts(effects.did(None, old)) == ["calls to 5550100 go to ivr:main"]
    assert texts(effects.did(old, None)) == ["calls to 5550100 no longer go to ivr:main"]
    moved = Did(name="d", number="5550199", destination="ivr:main")
    assert texts(effects.did(old, moved)) == [
        "calls to 5550199 go to ivr:main",
        "calls to 5550100 no longer go to ivr:main",
    ]


def test_phones_and_trunks() -> None:
    assert texts(effects.extension(None, Extension(name="204"))) == ["phone 204 is new"]
    assert "cannot register" in texts(effects.extension(Extension(name="204"), None))[0]
    secret = Extension(name="204", secret="another-secret")
    shown = texts(effects.extension(Extension(name="204", secret="first-secret"), secret))
    assert shown == ["phone 204 registers with another password"]
    old, new = Trunk(name="c", host="10.0.0.1"), Trunk(name="c", host="10.0.0.2", max_calls=5)
    assert texts(effects.trunk(old, new)) == [
        "calls over c go to 10.0.0.2 instead of 10.0.0.1",
        "at most 5 calls at a time over c",
    ]


def test_callers() -> None:
    vip = CallerList(name="v", numbers=["5559*", "111"], priority=50)
    fewer = CallerList(name="v", numbers=["111"], priority=50)
    blocked = CallerList(name="v", numbers=["111"], block=True)
    assert texts(effects.caller_list(vip, fewer)) == ["callers from 5559* are no longer preferred"]
    assert texts(effects.caller_list(fewer, blocked)) == [
        "callers from 111 are refused",
        "callers from 111 are no longer preferred",
    ]
    assert texts(effects.caller_list(None, blocked)) == ["callers from 111 are refused"]


def test_any_other_field_is_told_by_name_and_who_is_concerned() -> None:
    kind = Kind("hours", Extension, "Hours")
    told = effects.sentences(kind, "day", {"name": "day"}, {"name": "day"}, {"open": "open: [] → […]"}, ["did main"])
    assert told == ["open: [] → […]", "this concerns did main"]
    assert effects.sentences(kind, "day", None, {"name": "day"}, {}, []) == ["hours day is new"]
    assert effects.sentences(None, "x", {"name": "x"}, None, {}, []) == ["x is gone"]
