"""The expected wait, held against what callers of simulated days then went through."""

import math
import sys
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_acd.forecast import Forecast, told_minutes

sys.path.insert(0, str(Path(__file__).parent))
from simulation import simulate


def errors(day):
    """Bias and root mean square error, in mean waits of those who were told something, and how many they were."""
    told = [(expected, waited) for expected, waited in day.foretold if waited is not None]
    mean = fmean(waited for _, waited in told)
    bias = fmean(expected - waited for expected, waited in told) / mean
    return bias, math.sqrt(fmean((expected - waited) ** 2 for expected, waited in told)) / mean, len(told)


def best(day):
    """The error of who knows S and c and not when talks will end: the spread of an Erlang distribution, √p · S/c."""
    told = [(place, waited) for place, waited in day.places if waited is not None]
    mean = fmean(waited for _, waited in told)
    return math.sqrt(fmean(place for place, _ in told)) / day.agents / mean


@pytest.mark.parametrize(("agents", "load"), [(1, 0.8), (3, 2.5), (10, 9.0), (25, 23.5)])
def test_error_in_a_queue_of_theory(agents, load):
    """M/M/c: next to no bias, and hardly more error than of who knows the mean talk beforehand."""
    day = simulate(agents=agents, load=load, calls=12000, seed=agents)
    bias, error, told = errors(day)
    print(f"forecast M/M/{agents} load {load}: bias {bias:+.3f}, error {error:.3f}, best {best(day):.3f}, told {told}")
    assert told > 1000
    assert abs(bias) < 0.1 and error < 1.25 * best(day)


@pytest.mark.parametrize(("agents", "load", "patience"), [(3, 3.5, 2.0), (10, 12.0, 1.0)])
def test_error_with_callers_who_give_up(agents, load, patience):
    """Those ahead who give up are in the measure: the estimate does not grow out of hand with them."""
    day = simulate(agents=agents, load=load, calls=12000, seed=7 * agents, patience=patience)
    bias, error, told = errors(day)
    print(f"forecast M/M/{agents}+M load {load} patience {patience}: bias {bias:+.3f}, error {error:.3f}, told {told}")
    assert told > 1000
    assert abs(bias) < 0.25 and error < 1.0


def test_a_forecast_without_a_measure_would_be_found():
    """With twice the agents that there are, the checks above fail."""
    day = simulate(agents=3, load=2.5, calls=4000, seed=1)
    day.foretold = [(expected / 2, waited) for expected, waited in day.foretold]
    assert abs(errors(day)[0]) > 0.25


def test_nothing_is_foretold_without_ground():
    forecast = Forecast()
    forecast.taken(30.0, 2, 1)
    assert forecast.expected(1, 1) is None
    forecast.taken(30.0, 2, 1)
    assert forecast.expected(1, 0) is None
    assert forecast.expected(2, 3) == pytest.approx(10.0)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.integers(1, 1000), st.integers(1, 1000)), max_size=200))
def test_an_expected_wait_is_a_time(taken):
    forecast = Forecast()
    for waited, place, agents in taken:
        forecast.taken(waited, place, agents)
    first, later = forecast.expected(1, 2), forecast.expected(5, 2)
    assert (first is None) is (later is None)
    if first is not None:
        assert 0 <= first <= later <= 1e9
        assert forecast.expected(1, 4) == pytest.approx(first / 2)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_told_minutes_grow_and_never_promise_too_little(one, other):
    assert told_minutes(min(one, other)) <= told_minutes(max(one, other))
    assert told_minutes(one) * 60 >= one or one < 60 or told_minutes(one) == 61
