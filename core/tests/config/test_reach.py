"""What nothing leads to, what goes round for ever, trunks without a route, music that is not there."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.check import check_site
from jackfield.config.kinds import Destination, Kind, NamesMusic, Onward, SiteObject
from jackfield.config.objects import core_kinds
from jackfield.config.reach import find_circles
from jackfield.config.site import Site
from jackfield.routing.destinations import DestinationKind, End


class Step(SiteObject):
    """A destination that leads on by itself, or asks."""

    then: Annotated[Destination | None, Onward()] = None
    silent: Annotated[Destination | None, Onward("silent", or_fallback=True)] = None
    key: Destination | None = None


class Line(SiteObject):
    """A destination where people answer."""

    overflow: Annotated[Destination | None, Onward()] = None
    music: Annotated[str, NamesMusic()] = "default"


KINDS = {k.kind: k for k in [*core_kinds(), Kind("step", Step, "Steps"), Kind("line", Line, "Lines")]}
DESTINATIONS = [
    DestinationKind("go", "Go", lambda call, name: End(), lambda site: site.names("step"), objects="step"),
    DestinationKind("line", "Line", lambda call, name: End(), lambda site: site.names("line"), person=True),
]


def found(music=("default",), entries=(), **objects):
    items = {
        kind.replace("_", "-"): [KINDS[kind.replace("_", "-")].model.model_validate(o) for o in some]
        for kind, some in objects.items()
    }
    return check_site(Site(items), KINDS, DESTINATIONS, entries, music)


def did(destination, **more):
    return {"name": "d", "number": "100", "destination": destination} | more


def step(name, **more):
    return {"name": name, "silent": "hangup:busy"} | more


def test_what_nothing_leads_to():
    problems = found(
        did=[did("go:a")],
        step=[step("a", key="go:b"), step("b"), step("x", key="go:y"), step("y", key="go:x")],
        prompt=[{"name": "p", "text": {"en": "p"}}, {"name": "sorry", "text": {"en": "Ours"}}],
        extension=[{"name": "201"}],
        hours=[{"name": "unused", "open": ["mon 09:00-10:00"]}],
    )
    assert {(p.kind, p.name) for p in problems if "nothing leads to it" in p.text} == {
        ("step", "x"), ("step", "y"), ("prompt", "p"), ("hours", "unused"),
    }  # fmt: skip
    assert not any(p.refuses for p in problems)
    assert "go:x" not in str(found(did=[did("go:a")], step=[step("a"), step("x")], entries=["go:x"]))


def test_a_loop_without_anybodys_doing_refuses():
    (problem,) = found(did=[did("go:a")], step=[step("a", then="go:b"), step("b", then="go:a")])
    assert problem.refuses
    assert "calls go round for ever (go:a → go:b → go:a)" in problem.text


def test_a_loop_that_a_caller_or_an_agent_breaks():
    assert found(did=[did("go:a")], step=[step("a", key="go:a")]) == []
    (problem,) = found(did=[did("line:q")], line=[{"name": "q", "overflow": "go:a"}], step=[step("a", then="line:q")])
    assert not problem.refuses
    assert "unless somebody answers" in problem.text


def test_loops_over_silence_and_the_sites_fallback():
    problems = found(
        did=[did("go:a")], step=[{"name": "a"}], general=[{"name": "site", "fallback": "go:a"}],
    )  # fmt: skip
    assert ["a caller who presses nothing goes round for ever" in p.text for p in problems] == [True]


def test_trunks_without_a_route():
    trunks = [{"name": "a", "host": "10.0.0.1"}, {"name": "b", "host": "10.0.0.2"}]
    (problem,) = found(trunk=trunks, did=[did("hangup:busy", trunk="a")])
    assert (problem.name, problem.warning) == ("b", True)
    assert "has no route" in problem.text
    assert found(trunk=trunks, did=[did("hangup:busy")]) == []
    assert [p.name for p in found(trunk=trunks)] == ["a", "b"]
    out = {"name": "o", "patterns": ["_0Z."], "permission": "national", "trunks": ["a", "b"]}
    assert "has no route" not in str(found(trunk=trunks, outbound_route=[out]))


def test_music_that_is_not_there():
    (problem,) = found(did=[did("line:q")], line=[{"name": "q", "music": "defualt"}])
    assert problem.refuses
    assert "there is no music class 'defualt'; did you mean 'default'?" in problem.text
    assert found(("default", "jazz"), did=[did("line:q")], line=[{"name": "q", "music": "jazz"}]) == []


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefxyz"), max_size=3)))
def test_circles_are_found_exactly_where_there_are_some(graph):
    def comes_back(start):
        seen, todo = set(), list(graph.get(start, ()))
        while todo:
            node = todo.pop()
            if node == start:
                return True
            if node not in seen:
                seen.add(node)
                todo += graph.get(node, ())
        return False

    circles = find_circles({node: list(ends) for node, ends in graph.items()})
    assert bool(circles) is any(comes_back(node) for node in graph)
    for circle in circles:
        for one, after in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert after in graph[one]
    nodes = [node for circle in circles for node in circle]
    assert len(nodes) == len(set(nodes))


@pytest.mark.parametrize("size", [2000])
def test_a_long_chain_is_no_trouble(size):
    graph = {f"n{i}": [f"n{i + 1}"] for i in range(size)}
    assert find_circles(graph) == []
    assert find_circles(graph | {f"n{size}": ["n0"]})[0][:2] == ["n0", "n1"]
