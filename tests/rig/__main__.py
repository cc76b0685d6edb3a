"""`python3 -m rig`: build roots, boot a node to look around in, clear up."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from . import cleanup
from .hostsys import RigError, cache_dir, require_root
from .install import install_jackfield
from .node import enter_command
from .root import VARIANTS, collect_old_roots, ensure_root
from .run import Run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="rig", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build roots into the cache (all, or one)")
    build.add_argument("variant", nargs="?", choices=VARIANTS)
    up = commands.add_parser("up", help="boot a node and leave it running")
    up.add_argument("--variant", choices=VARIANTS, default="run")
    up.add_argument("--dist", type=Path, help="install every .deb of this folder")
    shell = commands.add_parser("shell", help="a shell in a kept run's node, or in a fresh node removed afterwards")
    shell.add_argument("run", nargs="?", help="the run's id, as `rig list` shows it")
    shell.add_argument("node", nargs="?", default="pbx")
    shell.add_argument("--variant", choices=VARIANTS, default="run")
    commands.add_parser("list", help="the runs on this machine")
    down = commands.add_parser("down", help="end a kept run")
    down.add_argument("run")
    gc = commands.add_parser("gc", help="remove runs whose owner is dead")
    gc.add_argument("--roots", action="store_true", help="also unused roots of other keys")
    return top


def main() -> int:
    """Runs one command; returns the exit code."""
    args = parser().parse_args()
    try:
        require_root()
        return _dispatch(args)
    except (RigError, TimeoutError) as problem:
        print(f"rig: {problem}", file=sys.stderr)
        return 1


def _dispatch(args: argparse.Namespace) -> int:
    if args.command == "build":
        for variant in [args.variant] if args.variant else VARIANTS:
            print(ensure_root(variant).path)
    elif args.command == "up":
        _up(args)
    elif args.command == "shell":
        return _shell(args)
    elif args.command == "list":
        for folder in sorted(cleanup.RUNS.glob("*")):
            nodes = ", ".join(p.name[5:] for p in folder.glob("node-*"))
            print(f"{folder.name}  {'kept' if (folder / 'keep').exists() else 'owned'}  {nodes}")
    elif args.command == "down":
        if args.run not in cleanup.gc(force=args.run):
            raise RigError(f"There is no run {args.run}; `rig list` shows those there are.")
    elif args.command == "gc":
        cleanup.gc()
        if args.roots and (cache_dir() / "roots").is_dir():
            collect_old_roots(older_than=0)
    return 0


def _up(args: argparse.Namespace) -> None:
    run = Run()
    node = run.node(variant=args.variant)
    if args.dist:
        install_jackfield(node, args.dist)
    run.keep()
    print(
        f"node pbx of run {run.id} is up at {node.address} (in its own network)\n"
        f"  look around:  python3 -m rig shell {run.id}\n"
        f"  end it:       python3 -m rig down {run.id}"
    )


def _shell(args: argparse.Namespace) -> int:
    if args.run:
        leader = cleanup.RUNS / args.run / f"node-{args.node}" / "leader"
        if not leader.exists():
            raise RigError(f"The run {args.run} has no node {args.node}; see `rig list`.")
        return _enter(int(leader.read_text()))
    with Run() as run:
        return _enter(run.node(variant=args.variant).leader)


def _enter(leader: int) -> int:
    return subprocess.run([*enter_command(leader), "bash", "-l"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
