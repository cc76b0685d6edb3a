"""`python3 -m demo [--keep]`: builds, installs, calls, compares. The last line of stdout is JSON; exit code 1 if
anything differs."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from rig import RigError, Run, say
from rig.hostsys import cache_dir, progress

from . import evidence, keep, report
from .callers import Callers, Desk
from .compare import TOLERANCE, compare, counts
from .shop import Shop, build
from .witness import Witness

NOTHING = dict.fromkeys(("calls", "answered", "abandoned", "other", "recorded", "records", "audio_both_ways"), 0)


def main() -> int:
    """Runs the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running, and say how to look around")
    options = parser.parse_args()
    begun = time.monotonic()
    try:
        found = demonstrate(options.keep)
    except (RigError, TimeoutError, subprocess.SubprocessError) as problem:
        say(f"the demo stopped: {problem}")
        found = {"asterisk": "", **NOTHING, "mismatches": [f"the demo did not get to its end: {problem}"]}
    say(f"the demo took {time.monotonic() - begun:.0f} s")
    print(json.dumps(found, ensure_ascii=False), flush=True)
    return 1 if found["mismatches"] else 0


def demonstrate(stay: bool) -> dict[str, object]:
    """The whole demo; what its last line says.

    Raises RigError or TimeoutError when it cannot go on.
    """
    repository = build(cache_dir() / "demo-packages")
    run = Run()
    try:
        shop = Shop(run)
        found = show(shop, repository)
        if stay:
            keep.explain(shop)
            run.keep()
    finally:
        run.close()
    return found


def show(shop: Shop, repository: Path) -> dict[str, object]:
    """Installs, calls, compares and prints the table."""
    shop.install(repository)
    shop.open()
    logins = shop.staff()
    Desk(shop)
    calls = Callers(shop).work()
    with progress("waiting for records and recordings"):
        shop.wait_on_record()
    with progress("comparing what was heard with what is on record"):
        witness = Witness(shop, calls)
        cases, records, recordings = witness.accounts(), shop.records(), witness.recordings()
        mismatches = compare(cases, logins, records, recordings, shop.tones)
    evidence.keep(shop, calls, cases, records, recordings)
    print(report.table(cases, records, recordings))
    print(
        f"\nUp to {report.peak(cases)} calls at once. Times on record agree with the wire within {TOLERANCE:g} s, "
        f"or are mismatches: {len(mismatches)}."
    )
    for sentence in mismatches:
        print(f"  mismatch: {sentence}")
    print(f"To listen to (what each caller heard, the recordings), and all facts: {evidence.FOLDER}")
    return {"asterisk": shop.asterisk, **counts(cases, records, recordings), "mismatches": mismatches}


if __name__ == "__main__":
    sys.exit(main())
