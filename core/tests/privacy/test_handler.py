"""Who is connected with whom, and what the other side is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from jackfield.calls.call import Resume
from jackfield.calls.dialling import DialResult
from jackfield.calls.party import Party
from jackfield.config.objects.general import General
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.privacy import handler
from jackfield.routing.destinations import End, Goto, Result
from privacy_rig import SITE

A, B, X = "+447001001001", "+447001001002", "5550800"


@dataclass
class Call:
    caller: Party
    did: str = X
    status: str = "ANSWER"
    site: Site = field(default_factory=lambda: SITE)
    id: str = "1.1"
    resumed: Resume | None = None
    recording_wanted: bool = False
    data: dict[str, str] = field(default_factory=dict)
    done: list[tuple] = field(default_factory=list)

    def set_data(self, key, value):
        self.data[key] = value

    def want_recording(self):
        self.recording_wanted = True

    def set_variable(self, name, value):
        self.done.append((name, value))

    def dial(self, targets, *, seconds, caller_id):
        self.done.append((targets, seconds, caller_id))
        return DialResult(self.status)


def connect(bindings, call, room=True):
    taken = []
    kind = handler.kind(bindings, lambda *asked: taken.append(asked) or room)
    answer = kind.handler(call, "small")
    assert taken in ([], [("t", "1.1", 0)])
    return answer


@pytest.mark.parametrize(("caller", "other"), [(A, B), (B, A)])
def test_the_other_party_is_called_and_shown_x(bindings, caller, other):
    bindings.bind(A, B, x=X, seconds=60)
    call = Call(Party(caller, "Ann"))
    assert connect(bindings, call) == End(Result.ANSWERED)
    assert call.done[-1] == ([f"PJSIP/{other}@t"], 45, Party(X))
    before = dict(call.done[:-1])
    assert before["REDIRECTING(from-num,i)"] == ""
    assert before["CALLERID(pres)"].startswith("allowed")
    assert not call.recording_wanted


def test_in_the_form_that_the_carrier_wants(bindings):
    bindings.bind(A, B, x="+445550900", seconds=60, pool="wide")
    trunk = Trunk(name="t", host="192.0.2.1", numbers_out="national", country_code="44")
    site = Site(
        {
            "general": [General(name="site", country_code="44")],
            "trunk": [trunk],
            "privacy": [PrivacyPool(name="small", trunk="t", ring_seconds=9)],
        }
    )
    call = Call(Party(A), did="+445550900", site=site)
    connect(bindings, call)
    assert call.done[-1] == (["PJSIP/07001001002@t"], 9, Party("05550900"))
    assert call.recording_wanted, "the pool records all"


def test_who_is_not_bound(bindings, clock):
    bindings.bind(A, B, x=X, seconds=60)
    for caller, did in (("7009", X), ("", X), (A, "5550801")):
        assert connect(bindings, Call(Party(caller), did)) == Goto("prompt:not-connected", "not bound")
    clock.now = bindings.live()[0].expires_at
    assert connect(bindings, Call(Party(A))) == Goto("prompt:not-connected", "not bound")
    assert connect(None, Call(Party(A))) == Goto("prompt:not-connected", "not bound")


@pytest.mark.parametrize(("status", "cause"), [("BUSY", 17), ("NOANSWER", 19), ("CHANUNAVAIL", 20), ("CONGESTION", 34)])
def test_nobody_answers(bindings, status, cause):
    bindings.bind(A, B, x=X, seconds=60)
    assert connect(bindings, Call(Party(A), status=status)) == End(Result.UNANSWERED, cause, status.lower())


def test_the_trunk_has_all_its_calls(bindings):
    bindings.bind(A, B, x=X, seconds=60)
    call = Call(Party(A))
    assert connect(bindings, call, room=False) == End(Result.REJECTED, 34, "lines-busy")
    assert call.done == []


def test_after_a_restart(bindings):
    """What Asterisk's Dial did meanwhile counts; a call that was not dialled yet is connected now."""
    bindings.bind(A, B, x=X, seconds=60)
    for status, end in (("ANSWER", End(Result.ANSWERED)), ("BUSY", End(Result.UNANSWERED, 17, "busy"))):
        call = Call(Party(A), resumed=Resume(status))
        assert (connect(bindings, call), call.done) == (end, [])
    assert connect(bindings, Call(Party(A), resumed=Resume(""))) == End(Result.ANSWERED)
