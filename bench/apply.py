"""`apply`: seconds from a draft to a running Asterisk that has taken it over, and how they grow with the site."""

from __future__ import annotations

import json
import time
from typing import Any

from bench import pbx
from bench.report import line, median, say, significant

LARGE = {"extensions": 500, "trunks": 50, "routes": 300}
SMALL = {name: count // 10 for name, count in LARGE.items()}
ROUNDS = 3
GROWTH = 10.0
MARK = "CPU "
MEASURE = f"""\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print({MARK!r} + str(used.ru_utime + used.ru_stime), file=sys.stderr)
sys.exit(code)
"""
"""Runs a command and tells its CPU on standard error."""


def apply() -> list[dict[str, Any]]:
    """A whole site of each size, put in force from one that has none of it; plan and apply timed as the admin sees."""
    box = pbx.shared()
    box.serve("jackfield")
    before = box.node.run(["jackfield", "export"]).stdout
    found: dict[str, dict[str, list[float]]] = {"small": {}, "large": {}}
    try:
        for number in range(ROUNDS):
            for size, counts in (("small", SMALL), ("large", LARGE)):
                _put(box, before)
                seconds = _timed(box, before + site(**counts, salt=number))
                say(f"apply: {size} { ({name: round(value, 2) for name, value in seconds.items()}) } s")
                for step, value in seconds.items():
                    found[size].setdefault(step, []).append(value)
    finally:
        _put(box, before)
    small, large = ({step: median(values) for step, values in found[size].items()} for size in ("small", "large"))
    growth = large["cpu"] / small["cpu"]
    return [
        line(
            "apply",
            large["apply"],
            None,
            "none",
            "s, median",
            f"its CPU grows at most {GROWTH:g}-fold from a tenth of the site",
            growth <= GROWTH,
            growth=significant(growth),
            seconds={"small": _rounded(small), "large": _rounded(large)},
            small=SMALL,
            large=LARGE,
            rounds=ROUNDS,
            note="commands as the admin gives them, start-up of Python included; Asterisk runs and is verified. "
            "cpu, asterisk_cpu: seconds of CPU of `jackfield apply` and of Asterisk meanwhile; the growth is of these "
            "two together",
        )
    ]


def _timed(box: pbx.Pbx, text: str) -> dict[str, float]:
    box.node.write_file("/root/bench-apply.toml", text)
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}
    for step, words in (
        ("import", ["import", "--force", "/root/bench-apply.toml"]),
        ("plan", ["plan", "--json"]),
        ("apply", ["apply", "--reason", "bench", "--json"]),
    ):
        cpu, begun = box.cpu(), time.monotonic()
        done = box.node.run(["python3", "-c", MEASURE, "jackfield", *words], timeout=300)
        seconds[step] = time.monotonic() - begun
    seconds["asterisk_cpu"] = box.cpu()["asterisk"] - cpu["asterisk"]
    seconds["cpu"] = float(done.stderr.rpartition(MARK)[2]) + seconds["asterisk_cpu"]
    applied = json.loads(done.stdout)["applied"]
    if applied is None or not applied["running"]:
        raise RuntimeError(f"Asterisk did not take the site over: {applied}")
    return seconds


def _put(box: pbx.Pbx, text: str) -> None:
    box.node.write_file("/root/bench-apply.toml", text)
    box.node.run(["jackfield", "import", "--force", "/root/bench-apply.toml"])
    box.node.run(["jackfield", "apply", "--reason", "bench"], timeout=300)


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {step: significant(value, 3) for step, value in seconds.items()}


def site(extensions: int, trunks: int, routes: int, salt: int = 0) -> str:
    """Objects of a site: phones, trunks, and inbound routes (five in six) and outbound ones."""
    parts = []
    for n in range(extensions):
        name = 7000 + n
        parts.append(f'[[extension]]\nname = "{name}"\ntitle = "Phone {n} {salt}"\nsecret = "secret-of-{name}"\n')
    for n in range(trunks):
        parts.append(f'[[trunk]]\nname = "bench-{n}"\nhost = "198.18.{n // 250}.{1 + n % 250}"\n')
    outbound = routes // 6
    for n in range(routes - outbound):
        to = 7000 + n % extensions
        parts.append(f'[[did]]\nname = "bench-{n}"\nnumber = "{6660000 + n}"\ndestination = "extension:{to}"\n')
    for n in range(outbound):
        parts.append(
            f'[[outbound-route]]\nname = "bench-{n}"\npatterns = ["_00{n:03d}X."]\npermission = "international"\n'
            f'trunks = ["bench-{n % trunks}", "bench-{(n + 1) % trunks}"]\n'
        )
    return "\n" + "\n".join(parts)
