"""The plugin host: every way in which a plugin can be bad ends in a status, and the others live on."""

from __future__ import annotations

import sys
import time
from importlib.metadata import EntryPoint

import pytest
from jackfield import plugins
from jackfield.config.kinds import Kind, SiteObject
from jackfield.errors import CallerHungUp
from jackfield.hookspecs import hookimpl
from jackfield.plugins import PluginHost, State, loading
from jackfield.routing.destinations import DestinationKind, End
from jackfield.settings import IsolationSettings, Settings
from pydantic import BaseModel, Field

FAULTS = IsolationSettings().faults


class Options(BaseModel):
    limit: int = Field(5, ge=1)


class Good:
    def __init__(self) -> None:
        self.sites = []

    @property
    def not_ready(self) -> None:
        raise AssertionError("a property is not for the host to read")

    @hookimpl
    def jackfield_settings(self):
        return Options

    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("good", "Good", lambda call, name: End())]

    @hookimpl
    def jackfield_site_changed(self, site):
        self.sites.append(site)
        return "seen"


class Twin(Good):
    """Brings the same kind of destination."""


class Raises:
    def __init__(self) -> None:
        raise RuntimeError("no licence")


class Exits:
    def __init__(self) -> None:
        sys.exit(1)


class Hangs:
    def __init__(self) -> None:
        time.sleep(30)


class Misspelt:
    @hookimpl
    def jackfield_site_chnaged(self, site):
        pass


class Future:
    api = "9.0"


class Nonsense:
    @hookimpl
    def jackfield_destinations(self):
        return ["queue:sales"]


class TakesCoresKind:
    @hookimpl
    def jackfield_site_kinds(self):
        return [Kind("trunk", SiteObject, "Mine now")]


class BadHook:
    @hookimpl
    def jackfield_site_changed(self, site):
        sys.exit(4)


class HungUp:
    @hookimpl
    def jackfield_call_arrived(self, call):
        raise CallerHungUp


def point(cls: type) -> EntryPoint:
    setattr(sys.modules[__name__], cls.__name__, cls)
    sys.modules.setdefault("plugin_samples", sys.modules[__name__])
    return EntryPoint(cls.__name__.lower(), f"plugin_samples:{cls.__name__}", plugins.GROUP)


def load(*classes: type, **settings) -> PluginHost:
    host = PluginHost(Settings(**settings))
    host.load([point(c) for c in classes])
    return host


@pytest.mark.parametrize(
    ("cls", "state", "reason"),
    [
        (Raises, State.FAILED, "no licence"),
        (Exits, State.FAILED, "SystemExit"),
        (Misspelt, State.FAILED, "jackfield_site_chnaged"),
        (Future, State.WRONG_API, "9.0"),
        (Nonsense, State.FAILED, "DestinationKind"),
        (TakesCoresKind, State.FAILED, "core"),
    ],
)
def test_a_bad_plugin_is_reported_and_the_good_one_serves(cls: type, state: State, reason: str) -> None:
    host = load(Good, cls)
    status = host.statuses[cls.__name__.lower()]
    assert status.state is state
    assert reason in status.reason
    assert list(host.destinations()) == ["good"]


def test_one_that_hangs_on_load_does_not_hold_up_the_rest(monkeypatch) -> None:
    monkeypatch.setattr(loading, "LOAD_SECONDS", 0.2)
    host = load(Good, Hangs)
    assert "did not load" in host.statuses["hangs"].reason
    assert "good" in host.destinations()


def test_clashes_name_who_was_first() -> None:
    host = load(Good, Twin)
    assert "already brought by good" in host.statuses["twin"].reason


def test_settings_are_checked_and_the_key_is_named() -> None:
    assert load(Good, plugins={"good": {"limit": 7}}).settings("good").limit == 7
    host = load(Good, plugins={"good": {"limit": 0}})
    assert "plugins.good.limit" in host.statuses["good"].reason


def test_disabled_is_disabled() -> None:
    host = load(Good, disabled=["good"])
    assert host.statuses["good"].state is State.DISABLED
    assert host.destinations() == {}


def test_a_hook_that_exits_counts_and_the_others_answer() -> None:
    host = load(BadHook, Good)
    for _ in range(FAULTS):
        assert host.call("jackfield_site_changed", site=None) == [("good", "seen")]
    assert host.statuses["badhook"].state is State.SHUT_OFF
    host.call("jackfield_site_changed", site=None)
    assert host.statuses["badhook"].hooks["jackfield_site_changed"].calls == FAULTS


def test_a_hangup_is_nobodys_fault() -> None:
    host = load(HungUp)
    with pytest.raises(CallerHungUp):
        host.call("jackfield_call_arrived", call=None)
    assert host.statuses["hungup"].faults == []


def test_a_removed_plugin_is_forgotten_and_can_come_back() -> None:
    host = load(Good, BadHook)
    assert host.load([point(BadHook)]) == []
    assert host.destinations() == {}
    assert host.load([point(BadHook), point(Good)]) == ["good"]
    assert "good" in host.destinations()


def test_a_plugin_can_be_refused_after_loading() -> None:
    host = load(Good, BadHook)
    host.refuse("good", "its tables are newer than it is")
    assert host.statuses["good"].state is State.FAILED
    assert host.destinations() == {}
    assert host.call("jackfield_site_changed", only="good", site=None) == []
