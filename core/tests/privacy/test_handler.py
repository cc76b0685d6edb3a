"""Who is connected with whom, and what the other side is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from jackfield.calls.call import Resume
from jackfield.calls.party import Party
from jackfield.config.objects.general import General
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.privacy import handler
from jackfield.routing.decision import Attempt, Plan, Reason, Refusal
from jackfield.routing.destinations import End, Goto, Result
from privacy_rig import SITE

A, B, X = "+447001001001", "+447001001002", "5550800"


@dataclass
class Call:
    caller: Party
    did: str = X
    site: Site = field(default_factory=lambda: SITE)
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


class Ways:
    """The ways out: an outbound route for national numbers, and one for those abroad."""

    def __init__(self, again=None, refusal=None):
        self._again, self._refusal = again, refusal
        self.asked = self.plan = None

    def again(self, call):
        return self._again

    def takes(self, site, number):
        return number.startswith(("07", "00"))

    def decide(self, call, asked):
        self.asked = asked
        attempts = (Attempt("t", asked.number, asked.caller), Attempt("u", asked.number, None, True))
        return Plan(asked.number, route="r", attempts=() if self._refusal else attempts, refusal=self._refusal)

    def follow(self, call, plan):
        self.plan = plan
        return End(Result.ANSWERED)


def connect(bindings, call, ways=None, pool="small"):
    return handler.kind(bindings, ways or Ways()).handler(call, pool)


@pytest.mark.parametrize(("caller", "other"), [(A, B), (B, A)])
def test_the_other_party_is_called_and_shown_x(bindings, caller, other):
    bindings.bind(A, B, x=X, seconds=60)
    call, ways = Call(Party(caller, "Ann")), Ways()
    assert connect(bindings, call, ways) == End(Result.ANSWERED)
    assert ways.plan.attempts == (Attempt("t", other, Party(X)),) and ways.plan.ring_seconds == 45
    before = dict(call.done)
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
    call, ways = Call(Party(A), did="+445550900", site=site), Ways()
    connect(bindings, call, ways)
    assert ways.plan.attempts == (Attempt("t", "07001001002", Party("05550900")),) and ways.plan.ring_seconds == 9
    assert call.recording_wanted, "the pool records all"


def test_who_is_not_bound(bindings, clock):
    bindings.bind(A, B, x=X, seconds=60)
    for caller, did in (("7009", X), ("", X), (A, "5550801")):
        assert connect(bindings, Call(Party(caller), did)) == Goto("prompt:not-connected", "not bound")
    clock.now = bindings.live()[0].expires_at
    assert connect(bindings, Call(Party(A))) == Goto("prompt:not-connected", "not bound")
    assert connect(None, Call(Party(A))) == Goto("prompt:not-connected", "not bound")


def site_of(country: str) -> Site:
    return Site(
        {
            "general": [General(name="site", country_code=country)],
            "trunk": [Trunk(name="t", host="192.0.2.1"), Trunk(name="u", host="192.0.2.2")],
            "privacy": [PrivacyPool(name="small", may_call=["mobile"])],
        }
    )


@pytest.mark.parametrize(("country", "dialled"), [("44", "07001001002"), ("49", "00447001001002")])
def test_without_a_trunk_the_outbound_routes_decide(bindings, country, dialled):
    """As people at the site would dial it, by the pool's permissions, over trunk after trunk; X is always shown."""
    bindings.bind(A, B, x=X, seconds=60)
    ways = Ways()
    connect(bindings, Call(Party(A), site=site_of(country)), ways)
    assert (ways.asked.number, ways.asked.extension, ways.asked.may_call) == (dialled, None, ("mobile",))
    assert [(a.trunk, a.caller_id, a.withheld) for a in ways.plan.attempts] == [
        ("t", Party(X), False),
        ("u", Party(X), False),
    ]


def test_what_the_routes_refuse_is_refused(bindings):
    bindings.bind(A, B, x=X, seconds=60)
    ways = Ways(refusal=Refusal(Reason.NOT_ALLOWED, "no"))
    connect(bindings, Call(Party(A), site=site_of("44")), ways)
    assert ways.plan.refusal and ways.plan.attempts == ()


def test_after_a_restart(bindings):
    """A call that was on its way out goes on as it was, whatever has become of the binding."""
    call = Call(Party(A), resumed=Resume("ANSWER"))
    assert connect(bindings, call, Ways(again=End(Result.UNANSWERED, 17))) == End(Result.UNANSWERED, 17)
    assert call.done == []
