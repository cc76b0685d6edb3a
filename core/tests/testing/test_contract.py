"""The contract suite: what it must catch, by plugins that break one rule each."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from jackfield.api import (
    Column,
    DestinationKind,
    End,
    Fragment,
    Job,
    Permission,
    Report,
    Result,
    Schedule,
    Screen,
    SoundRequest,
    hookimpl,
)
from jackfield.errors import CallerHungUp
from jackfield.testing.contract import PluginContract
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

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


class Claiming(Good):
    """It says what it is, and that is so."""

    api = "1.0"

    @hookimpl
    def jackfield_jobs(self):
        return [Job("bad.night", self.night)]

    @hookimpl
    def jackfield_schedules(self):
        return [Schedule("bad.night", "bad.night", at="0 3 * * *")]

    @hookimpl
    def jackfield_reports(self):
        return [Report("bad-calls", "Calls", [Column("id")], self.calls)]

    def night(self, database, payload):
        assert payload["due"]

    def calls(self, session, since, until):
        return session.execute(text("SELECT id FROM call")).all()


def test_claims_that_are_so():
    suite = contract(Claiming)
    suite.folder = lambda: NOWHERE
    for check in (
        suite.test_its_api_version, suite.test_its_permissions, suite.test_its_schedules, suite.test_its_reports,
        suite.test_its_screens,
    ):  # fmt: skip
        check()


NOWHERE = Path("/nowhere")


class Old(Claiming):
    api = "0.9"


class NightOnOthers(Claiming):
    def night(self, database, payload):
        with database.session() as session:
            session.execute(text("DELETE FROM outbox"))


class WritingReport(Claiming):
    def calls(self, session, since, until):
        session.execute(text("DELETE FROM call"))
        return []


class Narrow(Claiming):
    def calls(self, session, since, until):
        return session.execute(text("SELECT id, id FROM call")).all()


class NoScreen(Claiming):
    @hookimpl
    def jackfield_screens(self):
        return [Screen("bad.it", "It", "jackfield_nowhere_at_all:It")]


@pytest.mark.parametrize(
    ("plugin", "check", "said"),
    [
        (Good, "api_version", "say for which version"),
        (Old, "api_version", "made for plugin API 0.9"),
        (NightOnOthers, "schedules", "a plugin has only"),
        (WritingReport, "reports", "failed"),
        (Narrow, "reports", "2 values for 1 columns"),
        (NoScreen, "screens", "no module"),
    ],
)
def test_claims_that_are_not(plugin, check, said):
    with pytest.raises(Exception, match=said):
        getattr(contract(plugin), f"test_its_{check}")()


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("import socket", "NETWORK"),
        ("from urllib import request", "NETWORK"),
        ("import urllib.parse", ""),
        ("import http.client, requests.sessions", "NETWORK"),
        ("from pathlib import Path\nPath('x').write_text('y')", "FILES"),
        ("open('x', 'w')", "FILES"),
        ("open('x')", ""),
        ("import shutil\nshutil.rmtree('x')", "FILES"),
    ],
)
def test_what_its_modules_do_must_be_permitted(code, needed, tmp_path):
    (tmp_path / "it.py").write_text(code)
    suite = contract(Claiming)
    suite.folder = lambda: tmp_path
    if needed:
        with pytest.raises(AssertionError, match=needed):
            suite.test_its_permissions()
        allowed = type("Allowed", (Claiming,), {"permissions": {Permission[needed]}})
        suite.plugin = allowed
    suite.test_its_permissions()


def test_the_package_must_list_the_same_permissions(tmp_path):
    (tmp_path / "src/it").mkdir(parents=True)
    (tmp_path / "debian").mkdir()
    suite = contract(type("Calls", (Claiming,), {"permissions": {Permission.DIAL_OUT, Permission.FILES}}))
    suite.folder = lambda: tmp_path / "src/it"
    for line, fine in (("dial-out, files", True), ("files", False), ("${jackfield:Permissions}", True)):
        (tmp_path / "debian/control").write_text(f"Package: it\nXB-Jackfield-Permissions: {line}\n")
        if fine:
            suite.test_its_permissions()
        else:
            with pytest.raises(AssertionError, match="other permissions"):
                suite.test_its_permissions()
