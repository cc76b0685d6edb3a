"""`ami_intake`: how many real events a second each AMI client takes in."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench import stream
from bench.child import Child
from bench.report import BenchError, interleave, line, median, say, significant

ROUNDS = 3
PYST2_EVENTS = 3000


def ami_intake() -> list[dict[str, Any]]:
    """The same bytes to all clients; CPU of the client's process counts."""
    whole = stream.recorded()
    part = stream.first(whole, PYST2_EVENTS)
    with Child("bench.ami_server", whole.path) as all_events, Child("bench.ami_server", part.path) as some_events:
        port, short = all_events.read()["port"], some_events.read()["port"]
        names = ("jackfield", "full", "panoramisk")
        results = interleave(ROUNDS, {name: partial(_run, name, port, whole) for name in names})
        results["pyst2"] = [_run("pyst2", short, part)]
    cpu = {
        n: (part.events if n == "pyst2" else whole.events) / median(r["cpu"] for r in runs)
        for n, runs in results.items()
    }
    wall = {
        n: (part.events if n == "pyst2" else whole.events) / median(r["wall"] for r in runs)
        for n, runs in results.items()
    }
    ratio = cpu["jackfield"] / cpu["panoramisk"]
    return [
        line(
            "ami_intake",
            cpu["jackfield"],
            cpu["panoramisk"],
            "panoramisk",
            "events/s of CPU",
            "at least 3 x panoramisk",
            ratio >= 3,
            full=significant(cpu["full"]),
            full_ratio=significant(cpu["full"] / cpu["panoramisk"]),
            pyst2=significant(cpu["pyst2"]),
            us_an_event={n: significant(1e6 / v) for n, v in cpu.items()},
            wall_events_a_second={n: significant(v) for n, v in wall.items()},
            events=whole.events,
            pyst2_events=part.events,
            rounds=ROUNDS,
            note=f"stream: {whole.source}; jackfield: AmiClient into Registry.event, as the daemon; full: every "
            "header of every event parsed; peers: one callback for all events",
        )
    ]


def _run(name: str, port: int, feed: stream.Stream) -> dict[str, Any]:
    with Child("bench.ami_client", name, port, feed.events) as child:
        result = child.read()
    say(f"ami_intake: {name} took {result['cpu']:.2f} s of CPU, {result['wall']:.2f} s, for {feed.events} events")
    for key, wanted in (("events", feed.events), ("hangups", feed.hangups)):
        if key in result and result[key] != wanted:
            raise BenchError(f"{name} saw {result[key]} {key} of {wanted}; its figure would be worth nothing")
    return result
