"""The growing record of a call."""

from __future__ import annotations

from datetime import UTC, datetime

from jackfield.calls.channels import Channel
from jackfield.calls.live import Live
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.routing.destinations import Result


def test_who_is_put_through_to_another_queues_agent_spoke_with_that_queue() -> None:
    live = Live(Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551234"), "5550500"), agents={"201": "1001"})
    asking = Live(Facts("1.3", "PJSIP/201-3", "internal", Party("201"), "622"), agents={"202": "1002"}, queue="other")
    live.enter(1, "queue:sales")
    live.queue = "sales"
    assert live.record(None, {"queue"}).queue == "sales"
    live.handed_over("transferred:201")
    live.take_over("202", asking)
    assert live.record(None, {"queue"}).queue == "other"


def test_an_agent_who_gives_the_own_place_in_line_away_has_abandoned_nothing() -> None:
    asking = Live(Facts("1.3", "PJSIP/201-3", "internal", Party("201"), "622"))
    asking.enter(1, "queue:other")
    assert asking.record(None, {"queue"}).result is Result.ABANDONED
    asking.handed_over("transferred:201")
    given = asking.record(None, {"queue"})
    assert (given.result, given.steps[0].outcome) == (Result.HUNG_UP, "transferred:201")


def test_the_last_event_of_an_agents_leg_may_come_when_the_next_agent_is_rung() -> None:
    live = Live(Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551234"), "5550500"), agents={"201": "1001"})
    leg = Channel("1.2", "PJSIP/201-2", "1.1", "201", started=datetime.now(UTC))
    assert live.is_agent(leg)
    live.leg(leg, "agent")
    live.agents = {"202": "1002"}
    leg.ended = datetime.now(UTC)
    assert live.is_agent(leg) and live.leg(leg, "agent").agent == "1001"
    assert not live.is_agent(Channel("1.3", "PJSIP/203-3", "1.1", "203"))


def test_all_events_of_an_agents_leg_may_come_when_the_next_agent_is_rung() -> None:
    """A phone that refuses at once: the next offer is quicker than AMI."""
    live = Live(Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551234"), "5550500"))
    live.rings({"201": "1001"})
    live.rings({"202": "1002"})
    leg = Channel("1.2", "PJSIP/201-2", "1.1", "201", started=datetime.now(UTC), dialled_by="1.1")
    assert live.is_agent(leg) and live.leg(leg, "agent").agent == "1001"
    assert not live.is_agent(Channel("1.3", "PJSIP/201-3", "1.1", "201", dialled_by="1.9")), "somebody else calls it"
    live.rings({"201": ""})
    assert not live.is_agent(Channel("1.4", "PJSIP/201-4", "1.1", "201", dialled_by="1.1")), "as a phone, not an agent"
