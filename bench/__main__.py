"""`python3 -m bench [NAME…]`: one JSON line a result on stdout, progress on stderr."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from typing import Any

BENCHES = {
    "ami_intake": "bench.ami_intake",
    "agi_command": "bench.agi",
    "records": "bench.records",
    "memory": "bench.memory",
    "acd_engine": "bench.acd_engine",
    "acd_why_cost": "bench.acd_engine",
    "acd_free_to_ring": "bench.acd",
    "acd_idle_to_ring": "bench.acd",
    "setup_cost": "bench.load",
    "waiting_cost": "bench.load",
    "acd_waiting_cost": "bench.load",
    "calls_per_second": "bench.direct",
    "apply": "bench.apply",
    "resync": "bench.resync",
    "hook_cost": "bench.hooks",
    "start_time": "bench.hooks",
    "install_time": "bench.install",
    "console_live": "bench.console",
    "console_records": "bench.console_records",
}
"""Bench -> module that has a function of that name, which returns its lines."""


def main() -> int:
    """Run the benches that were named, or all; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench", description="Benches against the peers that people use today.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES)} (default: all)")
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    failed = False
    for name in names or BENCHES:
        try:
            lines: list[dict[str, Any]] = getattr(importlib.import_module(BENCHES[name]), name)()
        except Exception as error:
            traceback.print_exc()
            failed, lines = True, [{"bench": name, "error": f"{type(error).__name__}: {error}"}]
        for one in lines:
            print(json.dumps(one), flush=True)
    if "bench.pbx" in sys.modules:
        sys.modules["bench.pbx"].close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
