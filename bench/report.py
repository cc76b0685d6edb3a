"""Lines of results, progress, and the little statistics that benches need."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

REPOSITORY = Path(__file__).resolve().parent.parent
T = TypeVar("T")
_BEGUN = time.monotonic()


class BenchError(Exception):
    """A bench could not measure; the message says why and what to do."""


def say(text: str) -> None:
    """One line of progress to stderr; stdout belongs to the results."""
    print(f"bench {time.monotonic() - _BEGUN:6.1f} s: {text}", file=sys.stderr, flush=True)


def significant(value: float, digits: int = 4) -> float:
    """A figure without the digits that mean nothing."""
    return float(f"{value:.{digits}g}")


def line(
    bench: str, jackfield: float, peer: float | None, peer_name: str, unit: str, wanted: str, met: bool, **more: Any
) -> dict[str, Any]:
    """The result of a bench; `ratio` is jackfield / peer, whichever of high and low is good."""
    return {
        "bench": bench,
        "jackfield": significant(jackfield),
        "peer": None if peer is None else significant(peer),
        "peer_name": peer_name,
        "ratio": None if not peer else significant(jackfield / peer),
        "unit": unit,
        "wanted": wanted,
        "met": met,
        **more,
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def median(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p90, p99 and the greatest."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: significant(percentile(values, share)) for name, share in shares.items()}


def interleave(rounds: int, sides: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run every side once a round, the order turned round each time, so that a noisy minute hits all alike."""
    results: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            results[name].append(sides[name]())
    return results
