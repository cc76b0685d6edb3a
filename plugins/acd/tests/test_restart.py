"""The daemon dies, and another one takes over: nobody loses a place, no agent a state."""

from jackfield.routing.destinations import End, Result
from jackfield_acd.models import AgentStateRow
from sqlmodel import Session, select


def row(world, agent):
    with Session(world.database.engine) as session:
        return session.exec(select(AgentStateRow).where(AgentStateRow.agent == agent)).one()


def test_log_in_and_pause_are_on_record_when_the_agent_is_told(world):
    world.start().runtime.login("1001", "203")
    assert (row(world, "1001").state, row(world, "1001").extension) == ("ready", "203")
    world.runtime.pause("1001", "lunch")
    assert (row(world, "1001").state, row(world, "1001").reason) == ("paused", "lunch")
    world.runtime.logout("1001")
    assert (row(world, "1001").state, row(world, "1001").extension) == ("logged-out", None)


def test_agents_come_back_as_they_were_even_after_a_reboot(world):
    world.start().runtime.login("1002", "202")
    world.advance(5)
    world.runtime.login("1001", "201")
    world.runtime.pause("1001", "lunch")
    world.advance(60)
    world.reboot(seconds=120)
    world.start()
    paused, ready = world.state("1001"), world.state("1002")
    assert (paused["state"], paused["reason"], paused["phone"]) == ("paused", "lunch", "201")
    assert (ready["state"], ready["phone"], ready["seconds"]) == ("ready", "202", 185.0)
    world.runtime.ready("1001")
    world.serve(world.call("c1"))
    assert world.ring().options.agent == "1002", "idle longer, over the reboot"


def test_callers_come_back_to_their_places_in_whatever_order(world):
    world.start()
    before = [world.call("c1"), world.call("c2"), world.call("vip", priority=50)]
    for call in before:
        world.serve(call)
        world.waits(call)
        world.advance(1)
    assert world.waiting() == ["vip", "c1", "c2"]
    world.runtime.login("1001", "201")
    ring = world.ring()
    assert ring.call.id == "vip"
    world.runtime.pause("1001")
    ring.end("NOANSWER")
    world.waits(before[2], 2)

    world.reboot(seconds=3)
    world.start(recovered=False)
    world.runtime.ready("1001")
    fresh = world.call("new")
    world.serve(fresh)
    world.waits(fresh)
    back = {call.id: world.call(call.id, memo=call.memo, dial_status="") for call in before}
    for name in ("c2", "c1", "vip"):
        world.serve(back[name])
        world.waits(back[name])
    assert world.waiting() == ["vip", "c1", "c2", "new"]
    assert back["c1"].verbs() == ["music", "wait"], "no second checkpoint, answer or announcement"
    assert world.rings.empty(), "offers are held back until all are back"
    world.runtime.recovered()
    assert world.ring().call.id == "vip"
    assert [r["seconds"] for r in world.runtime.snapshot()["queues"][0]["waiting"]] == [6.0, 5.0, 0.0]


def test_a_talk_of_before_the_restart_that_is_over(world):
    world.start().runtime.login("1001", "201")
    call = world.call("c1")
    world.serve(call)
    world.ring()
    world.phone("201", busy=True)
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    world.settle()
    world.start(recovered=False)
    world.busy_phones.clear()
    again = world.call("c1", memo=call.memo, dial_status="ANSWER")
    assert world.serve(again)() == End(Result.ANSWERED, outcome="answered")
    assert again.did == []
    assert world.state("1001")["state"] == "wrap-up"
    world.runtime.recovered()
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(10)
    assert world.state("1001")["state"] == "ready"


def test_a_talk_that_outlives_the_restart(world):
    world.start().runtime.login("1001", "201")
    call = world.call("c1")
    world.serve(call)
    world.ring()
    world.busy_phones.add("201")
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    world.settle()
    world.start()
    assert world.state("1001")["state"] == "talking"
    waiting = world.call("c2")
    world.serve(waiting)
    world.waits(waiting)
    world.phone("201", busy=False)
    assert world.state("1001")["state"] == "wrap-up"
    world.events.publish("call", id="c1", what="ended")
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(10)
    assert world.ring().call is waiting


def test_an_offer_of_before_the_restart_that_was_not_answered(world):
    world.queue(no_answer_pause=1).start().runtime.login("1001", "201")
    call = world.call("c1")
    world.serve(call)
    world.ring()
    world.settle()
    world.start(recovered=False)
    again = world.call("c1", memo=call.memo, dial_status="NOANSWER")
    world.serve(again)
    world.waits(again)
    assert world.state("1001")["reason"] == "no answer"
    assert world.waiting() == ["c1"]


def test_wrap_up_is_finished_after_the_restart(world):
    world.start().runtime.login("1001", "201")
    result = world.serve(world.call("c1"))
    world.ring().end("ANSWER")
    result()
    world.settle()
    world.reboot(seconds=4)
    world.start()
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(5.9)
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(0.2)
    assert world.state("1001")["state"] == "ready"


def test_offers_begin_even_if_core_never_says_that_all_are_back(world):
    world.start(recovered=False).runtime.login("1001", "201")
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    world.advance(19)
    assert world.rings.empty()
    world.advance(1)
    assert world.ring().call is call


def test_a_restart_in_the_recording_announcement_plays_it_again(world):
    world.queue(record=True).start()
    call = world.call("c1", memo={"joined": 1.7e9 + 990.0, "priority": 0, "sequence": 4}, dial_status="")
    world.serve(call)
    world.waits(call)
    assert ("play", "acd-recorded") in call.did
    assert world.runtime.snapshot()["queues"][0]["waiting"][0]["seconds"] == 10.0


def test_a_database_that_fails_holds_up_no_offer(world, monkeypatch):
    world.start().runtime.login("1001", "201")
    original = world.database.session

    def broken():
        raise OSError("disk full")

    monkeypatch.setattr(world.database, "session", broken)
    result = world.serve(world.call("c1"))
    world.ring().end("ANSWER")
    result()
    assert not world.runtime._writer.flush(0.6)
    monkeypatch.setattr(world.database, "session", original)
    assert world.runtime._writer.flush(8.0), "it is tried again"
    assert row(world, "1001").state == "wrap-up"
