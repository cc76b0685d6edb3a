"""The contract suite: what it must catch, by plugins that break one rule each."""

from __future__ import annotations

import threading

import pytest
from jackfield.api import DestinationKind, End, Fragment, Result, SoundRequest, hookimpl
from jackfield.errors import CallerHungUp
from jackfield.testing.contract import PluginContract
from pydantic import BaseModel, ConfigDict, Field

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "bad:x"
"""


class Good:
    """A plugin without a fault."""

    kind = "bad"

    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind(self.kind, "Bad", self.handle)]

    @hookimpl
    def jackfield_start(self, core):
        self.core = core

    @hookimpl
    def jackfield_sounds(self, site):
        return [SoundRequest("bad-word", {"en": "Word.", "zh": "词。"})]

    def handle(self, call, name):
        call.answer()
        call.play("bad-word")
        call.key(3)
        return End(Result.COMPLETED)


def contract(plugin, **more):
    made = type("Contract", (PluginContract,), {"plugin": plugin, "name": "bad", "site": SITE, **more})()
    made.talk = lambda pbx, caller: caller.waits(10)
    return made


def test_a_good_one_passes():
    suite = contract(Good)
    suite.test_it_loads_and_stops()
    suite.test_its_hooks_are_hooks()
    suite.test_its_prompts_are_in_every_language()
    suite.test_a_hang_up_at_every_step()


class Swallows(Good):
    def handle(self, call, name):
        try:
            return super().handle(call, name)
        except CallerHungUp:
            return End(Result.COMPLETED, outcome="bye")


class LeavesATimer(Good):
    def handle(self, call, name):
        self.core.timers.after(1000, self.later)
        return super().handle(call, name)

    def later(self):
        pass


class LeavesAThread(Good):
    def handle(self, call, name):
        threading.Thread(target=threading.Event().wait, args=(120,), daemon=True).start()
        return super().handle(call, name)


class KeepsALock(Good):
    lock = threading.Lock()

    def handle(self, call, name):
        if not self.lock.acquire(timeout=0.2):
            return End(Result.FAILED)
        found = super().handle(call, name)
        self.lock.release()
        return found


class Fails(Good):
    def handle(self, call, name):
        try:
            return super().handle(call, name)
        except CallerHungUp as error:
            raise RuntimeError("a bug") from error


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (Swallows, "swallowed"),
        (LeavesATimer, "threads and timers"),
        (LeavesAThread, "threads and timers"),
        (KeepsALock, "swallowed|goes another way"),
        (Fails, "failed"),
    ],
)
def test_what_a_hang_up_must_not_leave(plugin, said, monkeypatch):
    monkeypatch.setattr("jackfield.testing.contract.PATIENCE", 2.0)
    with pytest.raises(AssertionError, match=said):
        contract(plugin).test_a_hang_up_at_every_step()


def test_misspelt_unmarked_and_ill_fitting_hooks():
    class Misspelt(Good):
        @hookimpl
        def jackfield_destination(self):
            return []

    class Unmarked(Good):
        def jackfield_stop(self):
            pass

    class Greedy(Good):
        @hookimpl
        def jackfield_call_arrived(self, call, caller):
            pass

    for plugin, said in ((Misspelt, "no hook"), (Unmarked, "lacks @hookimpl"), (Greedy, "does not give")):
        with pytest.raises(AssertionError, match=said):
            contract(plugin).test_its_hooks_are_hooks()


def test_settings_without_help_or_with_room_for_misspellings():
    class Bare(BaseModel):
        model_config = ConfigDict(extra="forbid")
        size: int = 3

    class Loose(BaseModel):
        size: int = Field(3, description="How many")

    class Needs(BaseModel):
        model_config = ConfigDict(extra="forbid")
        size: int = Field(description="How many")

    for model in (Bare, Loose, Needs):
        plugin = type("Plugin", (Good,), {"jackfield_settings": hookimpl(lambda self, model=model: model)})
        with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
            contract(plugin).test_its_settings_have_defaults_and_help()


def test_fragments_and_prompts():
    class Random(Good):
        @hookimpl
        def jackfield_asterisk_config(self, site):
            return [Fragment("queues.conf", f"[q{id(self)}]\n")]

    class Wrong(Good):
        @hookimpl
        def jackfield_asterisk_config(self, site):
            return [Fragment("extensions.conf", "[x]\nexten => 1\n")]

    class English(Good):
        @hookimpl
        def jackfield_sounds(self, site):
            return [SoundRequest("bad-word", {"en": "Word."})]

    for plugin in (Random, Wrong):
        with pytest.raises(AssertionError):
            contract(plugin).test_its_fragments_of_asterisks_configuration()
    with pytest.raises(AssertionError, match="is not in"):
        contract(English).test_its_prompts_are_in_every_language()
