"""Plugins that need others, and names that no two may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.plugins import State
from jackfield.plugins.requires import dependents, in_order, missing
from jackfield.plugins.status import Status
from plugin_rig import Above, Base, host_of, point


class Lonely:
    requires = ("nowhere",)


def test_loaded_after_what_it_needs_and_out_with_it():
    host = host_of(Base, Above)
    assert {s.name: s.state for s in host.statuses.values()} == {"above": State.ENABLED, "base": State.ENABLED}
    host.refuse("base", "its tables are broken")
    assert host.statuses["above"].state is State.WAITING
    assert "needs the plugin base" in host.statuses["above"].reason
    assert Above.started[-1] == "stopped"
    host.enable("base")
    assert host.load([point(Base), point(Above)]) == ["base", "above"]
    assert host.statuses["above"].state is State.ENABLED and host.statuses["above"].reason == ""


def test_what_it_needs_is_named_when_it_is_not_there():
    told = []
    host = host_of(Base)
    host.on_change = lambda status: told.append((status.name, status.state, status.reason))
    host.load([point(Base), point(Lonely)])
    assert told == [("lonely", State.WAITING, told[0][2])]
    assert told[0][2].startswith("needs the plugin nowhere, which is not installed; install it: apt install")


def test_two_that_wait_for_each_other_are_listed():
    class One:
        requires = ("two",)

    class Two:
        requires = ("one",)

    host = host_of(One, Two, Base)
    assert {n: s.state for n, s in host.statuses.items()} == {
        "one": State.WAITING,
        "two": State.WAITING,
        "base": State.ENABLED,
    }


def test_requires_that_is_no_tuple_of_names():
    class Wrong:
        requires = 5

    assert "requires must be a tuple" in host_of(Wrong).statuses["wrong"].reason


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdefg"), max_size=3))


@given(GRAPHS)
def test_order(graph):
    """Everybody once, and behind what it needs unless these wait for each other."""
    statuses = {name: Status(name, requires=tuple(needs), instance=object()) for name, needs in graph.items()}
    order = in_order(statuses)
    assert sorted(order) == sorted(graph)

    def reaches(start, goal, seen=()):
        return any(
            n == goal or (n in graph and n not in seen and reaches(n, goal, (*seen, n))) for n in graph.get(start, ())
        )

    for name, needs in graph.items():
        for need in needs & graph.keys():
            if not reaches(need, name):
                assert order.index(need) < order.index(name), (graph, order)
    for name in graph:
        going = dependents(name, statuses)
        assert set(going) == {other for other in graph if other != name and reaches(other, name)}
        assert len(going) == len(set(going))
        assert bool(missing(graph[name], statuses)) is bool(graph[name] - graph.keys())


@pytest.mark.parametrize("name", ["core", "Upper", "a b", "../x", "x" * 40, "1st"])
def test_names_that_no_plugin_may_have(name):
    host = host_of()
    host.load([point(Base, name), point(Above)])
    assert host.statuses[name].state is State.FAILED
    assert "cannot be the name of a plugin" in host.statuses[name].reason


def test_two_distributions_with_one_name(tmp_path, monkeypatch):
    for dist in ("first", "second"):
        (tmp_path / f"{dist}_toy.py").write_text("class Plugin:\n    pass\n")
        info = tmp_path / f"{dist}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[jackfield.plugins]\ntoy = {dist}_toy:Plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    from importlib.metadata import entry_points

    toys = [p for p in entry_points(group="jackfield.plugins") if p.name == "toy"]
    host = host_of()
    host.load(toys)
    assert (host.statuses["toy"].state, host.statuses["toy"].distribution) == (State.ENABLED, "first")
    assert host.statuses["toy@second"].state is State.FAILED
    assert host.statuses["toy@second"].reason == "the name toy is taken by first; remove one of both packages"
    host.load([p for p in toys if p.dist.name == "second"] + [point(Base)])
    assert "toy@second" not in host.statuses
