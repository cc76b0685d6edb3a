"""The engine against queueing theory: M/M/c (Erlang C) and M/M/c+M (Erlang A).

Days of one grid point are independent; what theory says must lie in the 99.9 % confidence interval of their mean
(Student's t), so that a right engine fails one check in a thousand, and with fixed seeds never.
"""

import math
import sys
from pathlib import Path
from statistics import fmean, stdev

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from simulation import simulate

DAYS, CALLS = 16, 2500
T_999 = 4.073
"""Student's t for 15 degrees of freedom, two-sided 99.9 %."""
WITHIN = 0.5
"""Service level: answered within half a mean talk."""


def erlang_c(agents, load):
    """Probability of waiting in M/M/c: Erlang (1917), by the recursion of Erlang B."""
    blocked = 1.0
    for servers in range(1, agents + 1):
        blocked = load * blocked / (servers + load * blocked)
    return agents * blocked / (agents - load * (1 - blocked))


def erlang_a(agents, load, patience):
    """Probabilities of waiting and of giving up in M/M/c+M (Palm 1957): the birth-death chain, solved numerically."""
    weights, weight, theta = [1.0], 1.0, 1 / patience
    for n in range(1, agents + 2000):
        weight *= load / (min(n, agents) + max(0, n - agents) * theta)
        weights.append(weight)
        if weight < 1e-15 * max(weights):
            break
    total = sum(weights)
    queued = sum((n - agents) * w for n, w in enumerate(weights) if n > agents) / total
    return sum(weights[agents:]) / total, queued * theta / load


def close(values, expected):
    """Whether the theory's value is within the confidence interval of the days' mean."""
    half = T_999 * stdev(values) / math.sqrt(len(values))
    return abs(fmean(values) - expected) <= half, (fmean(values), expected, half)


@pytest.mark.parametrize(
    ("agents", "load", "strategy"),
    [(1, 0.5, "longest-idle"), (3, 2.1, "round-robin"), (10, 7.5, "longest-idle"), (25, 21.0, "random")],
)
def test_erlang_c(agents, load, strategy):
    days = [
        simulate(agents=agents, load=load, calls=CALLS, seed=100 * agents + day, strategy=strategy)
        for day in range(DAYS)
    ]
    waiting = erlang_c(agents, load)
    spare = agents - load
    for values, expected in (
        ([fmean(w > 0 for w in day.waits) for day in days], waiting),
        ([fmean(day.waits) for day in days], waiting / spare),
        ([fmean(w <= WITHIN for w in day.waits) for day in days], 1 - waiting * math.exp(-spare * WITHIN)),
    ):
        found, told = close(values, expected)
        assert found, told
        assert told[2] < 0.3 * max(expected, 0.2), "an interval so wide proves nothing"


@pytest.mark.parametrize(("agents", "load", "patience"), [(3, 3.0, 1.0), (10, 12.0, 0.5), (20, 18.0, 2.0)])
def test_erlang_a(agents, load, patience):
    days = [
        simulate(agents=agents, load=load, calls=CALLS, seed=900 + 10 * agents + day, patience=patience)
        for day in range(DAYS)
    ]
    waiting, lost = erlang_a(agents, load, patience)
    for values, expected in (
        ([day.abandoned / day.offered for day in days], lost),
        ([fmean(w is None or w > 0 for w in day.waits) for day in days], waiting),
    ):
        found, told = close(values, expected)
        assert found, told
        assert told[2] < 0.25 * expected, "an interval so wide proves nothing"


def test_a_wrong_engine_would_be_found():
    """With one agent more than theory is told of, the check fails."""
    days = [simulate(agents=4, load=2.1, calls=1000, seed=day) for day in range(DAYS)]
    assert not close([fmean(day.waits) for day in days], erlang_c(3, 2.1) / 0.9)[0]
