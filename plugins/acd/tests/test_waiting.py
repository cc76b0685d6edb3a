"""What callers hear while they wait, and how they leave by a key."""

import itertools
import string

from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.call import Wake
from jackfield.routing.destinations import Goto
from jackfield_acd.kinds import Queue
from jackfield_acd.timetable import Timetable, place_sounds

QUEUES = st.builds(
    lambda **fields: Queue(name="q", **fields),
    announce_position=st.booleans(),
    announce_wait=st.booleans(),
    announce_every=st.integers(0, 120),
    announcements=st.lists(st.sampled_from(string.ascii_lowercase), max_size=4, unique=True),
    announcements_every=st.integers(5, 120),
)


@given(QUEUES, st.lists(st.floats(0, 200), max_size=20), st.floats(0, 20))
def test_a_timetable_keeps_its_intervals(queue, steps, speaking):
    """Nothing is said before it is due, everything due is said at once, and the list goes round in its order."""
    now, table = 100.0, Timetable(100.0)
    places, announced = [], []
    for step in steps:
        now += step
        if table.due(queue) > now:
            continue
        said = table.sounds(queue, now, 3, 30.0)
        assert said, "what is due has something to say"
        if any(sound.startswith("acd-") for sound in said):
            places.append(now)
        announced += [(now, sound) for sound in said if len(sound) == 1]
        table.said(queue, now, now + speaking)
        now += speaking
        assert table.due(queue) > now - speaking or not queue.announce_every or speaking > 5
    assert [sound for _, sound in announced] == [
        queue.announcements[n % len(queue.announcements)] for n in range(len(announced))
    ]
    for earlier, later in itertools.pairwise(places):
        assert queue.announce_every and later - earlier >= queue.announce_every
    for earlier, later in itertools.pairwise([100.0, *(at for at, _ in announced)]):
        assert later - earlier >= queue.announcements_every
    if not queue.announce_every:
        assert len(places) <= 1


def test_what_is_said_of_the_place():
    both = Queue(name="q", announce_wait=True)
    place = ["acd-position-before", "number:3", "acd-position-after"]
    assert place_sounds(both, 3, None) == place, "nobody can tell"
    assert place_sounds(both, 3, 12.0) == [*place, "acd-wait-short"]
    assert place_sounds(both, 3, 200.0) == [*place, "acd-wait-before", "number:4", "acd-wait-after"]
    assert place_sounds(both, 3, 1e5) == [*place, "acd-wait-long"]
    assert place_sounds(Queue(name="q"), 3, 200.0) == place
    assert place_sounds(Queue(name="q", announce_position=False, announce_wait=True), 3, None) == []


def test_own_announcements_between_the_music(world):
    world.queue(announce_position=False, announcements=["news", "offer"], announcements_every=20).start()
    call = world.call("c1")
    world.serve(call)
    for times, sound in enumerate(("news", "offer", "news"), 1):
        world.waits(call, times)
        assert call.did[-1] == ("wait", 20.0)
        world.advance(20)
        world.waits(call, times + 1)
        assert call.did[-3:-1] == [("play", sound), ("music", "default")]


def test_a_key_leads_elsewhere_and_the_time_waited_goes_along(world):
    world.queue(keys={"2": "prompt:later"}, announce_every=0).start()
    call = world.call("c1")
    result = world.serve(call)
    world.waits(call)
    world.advance(30)
    call.press("1")
    call.press("2")
    assert result() == Goto("prompt:later", "key 2")
    assert world.waiting() == []
    assert float(call.data["waits-since"]) == world.epoch + world.now - 30


def test_a_key_during_an_announcement(world):
    world.queue(keys={"2": "prompt:later"}).start()
    call = world.call("c1")
    call.keys.append("2")
    assert world.serve(call)() == Goto("prompt:later", "key 2")
    assert call.verbs().count("play") == 1 and "wait" not in call.verbs()


def test_an_offer_on_its_way_wins_over_a_key(world, monkeypatch):
    world.queue(keys={"2": "prompt:later"}, announce_position=False).start()
    call = world.call("c1")
    wait = call.wait

    def pressed_just_too_late(seconds=None, *, keys=""):
        monkeypatch.setattr(call, "wait", wait)
        world.runtime.login("1001", "201")
        return Wake(key="2")

    monkeypatch.setattr(call, "wait", pressed_just_too_late)
    world.serve(call)
    assert world.ring().call is call


def test_the_expected_wait_is_told_when_it_is_known(world):
    world.queue(announce_wait=True, announce_every=30, wrapup_seconds=0).start()
    world.runtime.login("1001", "201")
    served = [world.call(f"c{n}") for n in range(5)]
    results = [world.serve(served[0])]
    ring = world.ring()
    for call in served[1:]:
        results.append(world.serve(call))
        world.waits(call)
        assert not any("acd-wait" in str(what) for what in call.did)
    for number in range(1, 4):  # a talk takes 100 s
        world.advance(100)
        ring.end("ANSWER")
        results[number - 1]()
        ring = world.ring()
        world.events.publish("call", id=f"c{number}", what="answered", endpoint="201")
    last = served[4]
    times = last.verbs().count("wait")
    world.advance(30)
    world.waits(last, times + 1)
    said = [what for what in last.did if what[0] == "play"][-1]
    assert said[4:] == ("acd-wait-before", "number:2", "acd-wait-after"), "100 s a place, first in line"
    row = next(q for q in world.runtime.snapshot()["queues"] if q["name"] == "sales")["waiting"][0]
    assert row["expected_seconds"] == 100.0


def test_early_media_leaves_the_answer_to_the_agent(world):
    world.queue(answer="agent", record=True).start()
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    world.runtime.login("1001", "201")
    world.ring()
    assert "answer" not in call.verbs() and call.verbs().count("progress") == 2
    assert call.verbs().index("progress") < call.verbs().index("play")
