"""`agi_command_cpu` and `agi_command_latency`: our FastAGI server against pyst2's AGI on a threading server."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.child import Child
from bench.report import BenchError, interleave, line, median, percentiles, say, significant

CALLS = 200
ROUNDS = 6
PACED_ROUNDS = 4
COMMANDS = 100
PACE = 1000
PACED_COMMANDS = 16
"""Commands a call when paced: 200 calls at 1,000 commands/s for about 3 s."""


def agi_command() -> list[dict[str, Any]]:
    """Both lines."""
    return [_cpu(), _latency()]


def _cpu() -> dict[str, Any]:
    with (
        Child("bench.agi_server", "jackfield", COMMANDS) as ours,
        Child("bench.agi_server", "pyst2", COMMANDS) as theirs,
    ):
        ports = {"jackfield": (ours, ours.read()["port"]), "pyst2": (theirs, theirs.read()["port"])}
        results = interleave(ROUNDS, {name: partial(_burst, name, *ports[name]) for name in ports})
    cpu = {name: min(r["us"] for r in runs) for name, runs in results.items()}
    rate = {name: significant(median(r["rate"] for r in runs)) for name, runs in results.items()}
    return line(
        "agi_command_cpu",
        cpu["jackfield"],
        cpu["pyst2"],
        "pyst2 on threads",
        "us of CPU a command",
        "at most 0.5 x pyst2",
        cpu["jackfield"] <= 0.5 * cpu["pyst2"],
        calls=CALLS,
        commands_a_call=COMMANDS,
        rounds=ROUNDS,
        commands_a_second=rate,
        all_us={name: [significant(r["us"], 3) for r in runs] for name, runs in results.items()},
        median_us={name: significant(median(r["us"] for r in runs)) for name, runs in results.items()},
        note="the least of the rounds, as other processes only ever add to it; connection, environment and thread of "
        "each call included; set_variable, stream_file, wait_for_digit, get_variable in turn",
    )


def _burst(name: str, server: Child, port: int) -> dict[str, float]:
    before = server.ask("cpu")
    with Child("bench.agi_load", port, CALLS, 0) as load:
        result = load.read()
    after = server.ask("cpu")
    if after["finished"] - before["finished"] != CALLS or result["commands"] != CALLS * COMMANDS:
        raise BenchError(f"{name} finished {after['finished'] - before['finished']} of {CALLS} calls")
    us = (after["cpu"] - before["cpu"]) / result["commands"] * 1e6
    say(f"agi_command_cpu: {name} {us:.1f} us a command, {result['commands'] / result['seconds']:.0f} commands/s")
    return {"us": us, "rate": result["commands"] / result["seconds"]}


def _latency() -> dict[str, Any]:
    with (
        Child("bench.agi_server", "jackfield", PACED_COMMANDS) as ours,
        Child("bench.agi_server", "pyst2", PACED_COMMANDS) as theirs,
    ):
        ports = {"jackfield": ours.read()["port"], "pyst2": theirs.read()["port"]}
        results = interleave(PACED_ROUNDS, {name: partial(_paced, name, ports[name]) for name in ports})
    ms = {name: [1000 * v for run in runs for v in run] for name, runs in results.items()}
    middle = {name: median(median(run) for run in runs) * 1000 for name, runs in results.items()}
    return line(
        "agi_command_latency",
        middle["jackfield"],
        middle["pyst2"],
        "pyst2 on threads",
        "ms, median",
        "no worse than pyst2",
        middle["jackfield"] <= middle["pyst2"],
        calls=CALLS,
        commands_a_second=PACE,
        rounds=PACED_ROUNDS,
        percentiles={name: percentiles(values) for name, values in ms.items()},
        note="from Asterisk's answer to the next command, at the load's socket; median of the rounds' medians",
    )


def _paced(name: str, port: int) -> list[float]:
    with Child("bench.agi_load", port, CALLS, PACE) as load:
        latencies: list[float] = load.read()["latencies"]
    say(f"agi_command_latency: {name} median {median(latencies) * 1000:.3f} ms of {len(latencies)}")
    return latencies
