"""A world for the runtime: time that stands still until told, phones, an Asterisk that notes what it is asked, and
calls that note their verbs. Threads are real; whatever waits for one waits 10 s at most."""

import queue
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from jackfield.calls.call import Resume, Wake
from jackfield.calls.dialling import DialResult
from jackfield.calls.party import Party
from jackfield.config.objects.extension import Extension
from jackfield.config.site import Site
from jackfield.core import Core
from jackfield.errors import CallerHungUp, UnsafeValue
from jackfield.services import EventBus
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.models import Models
from jackfield_acd.agents import AgentDesk
from jackfield_acd.handler import handle_queue
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.models import Clock
from jackfield_acd.monitoring import Monitoring
from jackfield_acd.runtime import Runtime

sys.path.insert(0, str(Path(__file__).parent))
SECONDS = 10.0


class Ring:
    """A phone that rings: what the test does with it ends the call's `dial`."""

    def __init__(self, call, targets, options):
        self.call, self.targets, self.options = call, targets, options
        self.done = queue.SimpleQueue()

    def end(self, status):
        self.done.put(status)

    def caller_leaves(self, talked):
        error = CallerHungUp("gone")
        error.dial = DialResult("ANSWER" if talked else "CANCEL")
        self.done.put(error)


class FakeCall:
    def __init__(self, world, identity, *, extension=None, rest="", priority=0, memo=None, dial_status=None):
        self.world, self.id, self.channel = world, identity, f"PJSIP/carrier-{identity}"
        self.caller, self.extension, self.dialled_rest, self.priority = Party("5550100", ""), extension, rest, priority
        self.site, self.data, self.memo = world.site, {}, memo or {}
        self.fallback = world.site.general.fallback
        self.resumed = None if dial_status is None else Resume(dial_status)
        self.seq = 1
        self.did = []
        self.keys = []
        self.desk = SimpleNamespace(calls=SimpleNamespace(outgoing=SimpleNamespace(plan=self._plan)))
        self._wakes, self._gone, self._pressed = [], False, ""

    def _plan(self, site, number, extension, caller):
        refused = None if number.startswith("07") else "not allowed"
        return SimpleNamespace(refusal=refused, emergency="112" if number == "07112" else "")

    def hang_up(self):
        with self.world.moved:
            self._gone = True
            self.world.moved.notify_all()

    def _note(self, *what):
        if self._gone:
            raise CallerHungUp("gone")
        self.did.append(what)

    def answer(self, *, at_once=False):
        self._note("answer")

    def progress(self):
        self._note("progress")

    def play(self, sound, *, keys="", interruptible=False):
        self._note("play", *([sound] if isinstance(sound, str) else sound))
        if keys and self.keys and self.keys[0] in keys:
            return self.keys.pop(0)
        if interruptible and self.world.long_prompts:
            with self.world.moved:
                self.world.playing.set()
                assert self.world.moved.wait_for(lambda: self.channel in self.world.asterisk.interrupted, SECONDS)
        return ""

    def ask(self, sound, *, digits=1, seconds=5.0, between=3.0, end="#"):
        self._note("ask", *([sound] if isinstance(sound, str) else sound))
        return self.keys.pop(0) if self.keys else ""

    def music(self, on=True, cls="default"):
        self._note("music", cls if on else None)

    def set_data(self, key, value):
        self.data = {k: v for k, v in self.data.items() if k != key} | ({} if value is None else {key: value})

    def join(self, channel):
        self._note("join", channel)

    def listen(self, channel, mode):
        self._note("listen", channel, mode)

    def checkpoint(self, **memo):
        self._note("checkpoint")
        self.memo = memo

    def wake(self, value):
        with self.world.moved:
            self._wakes.append(value)
            self.world.moved.notify_all()

    def press(self, key):
        """A key while the caller waits; one that the wait does not ask for is lost."""
        with self.world.moved:
            self._pressed = key
            self.world.moved.notify_all()

    def wait(self, seconds=None, *, keys=""):
        with self.world.moved:
            end = None if seconds is None else self.world.now + seconds
            self._note("wait", seconds)
            self.world.moved.notify_all()
            assert self.world.moved.wait_for(
                lambda: (
                    self._wakes
                    or self._gone
                    or (self._pressed and self._pressed in keys)
                    or (end is not None and self.world.now >= end)
                ),
                SECONDS,
            )
            if self._pressed and self._pressed in keys:
                key, self._pressed = self._pressed, ""
                return Wake(key=key)
            if self._wakes:
                return Wake(self._wakes.pop(0))
            if self._gone:
                raise CallerHungUp("gone")
            return Wake(timed_out=True)

    def transfer(self, destination, outcome=""):
        if destination.partition(":")[2] not in ("sales", "other", "closed"):
            raise UnsafeValue(f"{destination} leads nowhere")

    def phones(self, extension):
        return [f"PJSIP/{extension}"]

    def dial(self, targets, *, seconds, music=None, caller_id=None, agent="", queue=""):
        self._note("dial", *targets)
        ring = Ring(self, targets, SimpleNamespace(seconds=seconds, music=music, agent=agent, queue=queue))
        self.world.rings.put(ring)
        status = ring.done.get(timeout=SECONDS)
        if isinstance(status, Exception):
            raise status
        return DialResult(status)

    def verbs(self):
        return [what[0] for what in self.did]


class FakeAsterisk:
    def __init__(self, world):
        self.world, self.stored, self.emptied, self.interrupted, self.lamps = world, {}, [], set(), []
        self.monitored = []
        self.broken = None

    def interrupt_playback(self, channel):
        with self.world.moved:
            self.interrupted.add(channel)
            self.world.moved.notify_all()

    def store(self, family, key, value):
        if self.broken:
            raise self.broken
        self.stored[family, key] = value

    def device_state(self, name, state):
        if self.broken:
            raise self.broken
        self.lamps.append((name, state))

    def monitor(self, extension, channel, mode, title):
        self.monitored.append((extension, channel, mode, title))

    def queue_remove_all(self, name):
        self.emptied.append(name)


class World:
    """Everything around the runtime."""

    def __init__(self, folder):
        self.now, self.epoch = 1000.0, 1.7e9
        self.moved = threading.Condition()
        self.rings = queue.SimpleQueue()
        self.long_prompts, self.playing = False, threading.Event()
        self.timers, self.count = [], 0
        self.busy_phones, self.lost_phones = set(), set()
        self.silent, self.audited = set(), []
        self.events, self.seen = EventBus(), []
        for topic in ("agent", "queue"):
            self.events.subscribe(topic, lambda event, topic=topic: self.seen.append((topic, dict(event))))
        self.database = Database(f"sqlite:///{folder}/jackfield.db")
        migrate(self.database, [CORE, Models("acd", "jackfield_acd.migrations")])
        self.asterisk = FakeAsterisk(self)
        self.site = self.make_site([Queue(name="sales", agents=["1001", "1002"])])
        self.runtime = None

    def make_site(self, queues, agents=None):
        agents = agents or [Agent(name="1001", extension="201"), Agent(name="1002", extension="202", pin="4711")]
        return Site({"queue": queues, "agent": agents, "extension": [Extension(name=str(n)) for n in range(201, 206)]})

    def queue(self, **fields):
        self.site = self.make_site([Queue(**{"name": "sales", "agents": ["1001", "1002"], **fields})])
        return self

    # -- what core gives to the plugin

    def after(self, seconds, function):
        self.count += 1
        timer = (self.now + seconds, self.count, function)
        self.timers.append(timer)
        return SimpleNamespace(cancel=lambda: timer in self.timers and self.timers.remove(timer))

    def busy(self, phone):
        return phone in self.busy_phones

    def talking(self, call, extension):
        return f"PJSIP/{extension or 'carrier'}-{call}" if call not in self.silent else None

    def reachable(self, phone):
        return phone not in self.lost_phones

    def core(self):
        return Core(
            timers=self,
            events=self.events,
            jobs=None,
            phones=self,
            asterisk=self.asterisk,
            storage=self.database,
            site=lambda: self.site,
            settings=lambda name: None,
            alarms=None,
            audit=lambda *line: self.audited.append(line),
        )

    # -- what happens

    def start(self, recovered=True):
        """Start the plugin; again, as a daemon does that was killed: a clock of its own, and no memory."""
        self.timers.clear()
        self.events = EventBus()
        for topic in ("agent", "queue"):
            self.events.subscribe(topic, lambda event, topic=topic: self.seen.append((topic, dict(event))))
        self.runtime = Runtime(self.core(), Clock(lambda: self.now, self.epoch))
        self.desk = AgentDesk(self.runtime)
        self.monitoring = Monitoring(self.core(), self.runtime, self.desk)
        self.runtime.start()
        if recovered:
            self.runtime.recovered()
        return self

    def reboot(self, seconds):
        """The machine's monotonic clock begins anew, `seconds` later."""
        self.epoch += self.now + seconds - 50.0
        self.now = 50.0

    def advance(self, seconds):
        """Let time pass; timers fire at their times."""
        end = self.now + seconds
        while due := sorted(t for t in self.timers if t[0] <= end):
            self.timers.remove(due[0])
            with self.moved:
                self.now = max(self.now, due[0][0])
            due[0][2]()
        with self.moved:
            self.now = end
            self.moved.notify_all()

    def phone(self, extension, busy=False, reachable=True):
        (self.busy_phones.add if busy else self.busy_phones.discard)(extension)
        self.events.publish("phone", extension=extension, busy=busy, reachable=reachable)

    def call(self, identity, **facts):
        return FakeCall(self, identity, **facts)

    def serve(self, call, name="sales"):
        """Run the queue's handler on a thread; returns a function that waits for its answer."""
        outcome = queue.SimpleQueue()

        def run():
            try:
                outcome.put(handle_queue(self.runtime, call, name))
            except BaseException as error:
                outcome.put(error)

        threading.Thread(target=run, daemon=True).start()
        return lambda: outcome.get(timeout=SECONDS)

    def ring(self):
        """The next phone that rings."""
        return self.rings.get(timeout=SECONDS)

    def waits(self, call, times=1):
        """Wait until the call has parked that often."""
        with self.moved:
            assert self.moved.wait_for(lambda: call.verbs().count("wait") >= times, SECONDS), call.did

    def state(self, agent):
        return next(a for a in self.runtime.snapshot()["agents"] if a["name"] == agent)

    def waiting(self, name="sales"):
        rows = next(q for q in self.runtime.snapshot()["queues"] if q["name"] == name)["waiting"]
        return [row["call"] for row in rows]

    def settle(self):
        """Wait until the background threads have done what they were given."""
        done = threading.Event()
        self.runtime._worker.submit(done.set)
        assert done.wait(SECONDS)
        assert self.runtime._writer.flush(SECONDS)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.database.close()
