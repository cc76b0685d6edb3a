"""`hook_cost`: a hook through the plugin host against a bare pluggy call. `start_time`: a start by plugins."""

from __future__ import annotations

import sys
import tempfile
import time
import types
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pluggy
from jackfield import log
from jackfield.hookspecs import PROJECT, Hooks, hookimpl
from jackfield.plugins import GROUP, PluginHost
from jackfield.settings import PathSettings, Settings

from bench.child import Child
from bench.report import BenchError, interleave, line, median, say, significant

PLUGINS, IMPLEMENTERS = 12, 3
CALLS, ROUNDS = 20_000, 5
STARTS = (0, 3, 12)
HOOK = "jackfield_call_arrived"


class Silent:
    """A plugin without the hook."""


class Listening:
    """A plugin with it."""

    @hookimpl
    def jackfield_call_arrived(self, call: object) -> None:
        """Nothing."""


class NoCall:
    """What the hook is about."""

    asterisk_seconds = 0.0


def hook_cost() -> list[dict[str, Any]]:
    """Twelve plugins, three with the hook; CPU of this process."""
    log.set_up("critical")
    module = types.ModuleType("bench_plugins")
    module.Silent, module.Listening = Silent, Listening  # type: ignore[attr-defined]
    sys.modules["bench_plugins"] = module
    names = ["Listening"] * IMPLEMENTERS + ["Silent"] * (PLUGINS - IMPLEMENTERS)
    points = [EntryPoint(f"p{n}", f"bench_plugins:{name}", GROUP) for n, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as folder:
        host = PluginHost(Settings(paths=PathSettings(state=Path(folder))))
        host.load(points)
    bare = pluggy.PluginManager(PROJECT)
    bare.add_hookspecs(Hooks)
    for name in names:
        bare.register(getattr(module, name)())
    call, bare_hook = NoCall(), getattr(bare.hook, HOOK)
    results = interleave(
        ROUNDS,
        {
            "jackfield": lambda: _cost(lambda: host.call(HOOK, call=call)),
            "pluggy": lambda: _cost(lambda: bare_hook(call=call)),
        },
    )
    if any(status.hooks[HOOK].calls != ROUNDS * CALLS for status in host.statuses.values() if status.hooks):
        raise BenchError("the host has not called every plugin every time")
    ours, theirs = median(results["jackfield"]), median(results["pluggy"])
    return [
        line(
            "hook_cost",
            1e6 * ours,
            1e6 * theirs,
            "pluggy",
            "us a hook",
            "at most 5 x pluggy",
            ours / theirs <= 5,
            us_an_implementation=significant(1e6 * ours / IMPLEMENTERS),
            plugins=PLUGINS,
            implementers=IMPLEMENTERS,
            calls=CALLS,
            rounds=ROUNDS,
            note="the host's is timed, guarded and accounted for; pluggy's stops at the first exception",
        )
    ]


def _cost(once: Any) -> float:
    begun = time.process_time()
    for _ in range(CALLS):
        once()
    return (time.process_time() - begun) / CALLS


def start_time() -> list[dict[str, Any]]:
    """From exec to calls being answered, with as many plugins as said; each in a process of its own."""
    results = interleave(ROUNDS, {str(count): partial(_start, count) for count in STARTS})
    seconds = {name: median(run["seconds"] for run in runs) for name, runs in results.items()}
    say(f"start_time: {seconds}")
    each = (seconds["12"] - seconds["0"]) / 12
    return [
        line(
            "start_time",
            seconds["12"],
            seconds["0"],
            "jackfield without plugins",
            "s",
            "12 plugins cost at most 1 s",
            seconds["12"] - seconds["0"] <= 1.0,
            seconds={name: significant(value) for name, value in seconds.items()},
            ms_a_plugin=significant(1e3 * each),
            rounds=ROUNDS,
            note="from before the first import to AGI and control socket listening; tables are made already",
        )
    ]


def _start(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="jackfield-bench-") as folder, Child("bench.start", count, folder) as child:
        result: dict[str, Any] = child.read()
    if result["plugins"] != count:
        raise BenchError(f"{result['plugins']} of {count} plugins were loaded")
    return result
