#!/usr/bin/python3
"""Builds the Debian packages: `python3 packaging/deb/build.py [--out dist/]`, as root.

Each source is built in a Debian 14 root by an ordinary user without a network. A result is kept in the cache under a
hash of its inputs, and taken from there when nothing changed. With `--repo` they become a signed apt repository too.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests")]

from inroot import workshop  # noqa: E402
from rig.aptrepo import Key, own_key, write_repository  # noqa: E402
from rig.hostsys import RigError, cache_dir, progress, say  # noqa: E402
from rig.root import Root, ensure_root, root_key  # noqa: E402
from sources import BuildError, Source, changelog_time, fetch_release, jackfield, pyst2  # noqa: E402

RECIPE = 1  # raise when a change of these scripts changes the packages
KEPT = 6  # results kept in the cache for each source


def main() -> int:
    """Build what is out of date; returns the exit status."""
    parser = argparse.ArgumentParser(description="Builds Jackfield's Debian packages.")
    parser.add_argument("--out", type=Path, default=HERE.parent.parent / "dist", help="where the .debs go")
    parser.add_argument("--root", type=Path, help="build in this Debian 14 root and not in the rig's")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    parser.add_argument("--lintian", action="store_true", help="check the packages with lintian as well")
    parser.add_argument("--repo", type=Path, help="make a signed apt repository of them in this folder")
    parser.add_argument("--url", help="where that folder will be served (default: the folder itself)")
    parser.add_argument("--key", help="the key of your own gpg that signs (default: this machine's, made once)")
    options = parser.parse_args()
    try:
        workbench = Workbench(options.root)
        results = [built(pyst2(), workbench, options.force)]
        results.append(built(jackfield(), workbench, options.force, results[0]))
        if options.lintian:
            for result in results:
                check(result, workbench.path)
        debs = [deb for result in results for deb in sorted(result.glob("*.deb"))]
        publish(options.out, debs)
        if options.repo:
            offer(options.repo, debs, Key(options.key) if options.key else own_key(), options.url)
    except (BuildError, RigError) as problem:
        print(f"build.py: {problem}", file=sys.stderr)
        return 1
    return 0


class Workbench:
    """The build root, made when it is first needed; the rig's is locked against removal meanwhile."""

    def __init__(self, given: Path | None) -> None:
        self._given = given
        self._root: Root | None = None

    @property
    def key(self) -> str:
        """What stands for the root in the names of results."""
        return self._given.name if self._given else root_key("build")

    @property
    def path(self) -> Path:
        """The root's folder."""
        if self._given:
            return self._given
        self._root = self._root or ensure_root("build")
        return self._root.path


def built(source: Source, workbench: Workbench, force: bool, needs: Path | None = None) -> Path:
    """The folder with the packages of a source, from the cache or built now; `needs` is one that it builds with."""
    store = cache_dir() / "packages"
    with_it = f"-{hashlib.sha256(needs.name.encode()).hexdigest()[:8]}" if needs else ""
    name = f"{source.name}_{source.version}_{source.key}-{RECIPE}-{workbench.key}{with_it}"
    result = store / name
    store.mkdir(parents=True, exist_ok=True)
    with (store / f"{source.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds of one tree share their result
        if result.is_dir() and not force:
            say(f"{source.name} {source.version}: nothing changed, taking the packages from the cache")
            (result / "build.log").touch()
        else:
            shutil.rmtree(result, ignore_errors=True)
            build(source, workbench.path, result, sorted(needs.glob("*.deb")) if needs else [])
            forget_old(store, source.name)
    return result


def build(source: Source, root: Path, result: Path, debs: list[Path]) -> None:
    """Build a source in a copy of `root`; `result` appears only when all went well."""
    log = result.with_name(f"{result.name}.log")
    log.unlink(missing_ok=True)
    with workshop(root, debs) as shop, progress(f"building {source.name} {source.version}", log):
        tree = source.write(shop.build)
        release = tree / "release.txt"
        if release.exists():
            upstream = source.version.rsplit("-", 1)[0]
            orig = shop.build / f"{source.name}_{upstream}.orig.tar.gz"
            shutil.copyfile(fetch_release(release, cache_dir() / "releases"), orig)
            unpack = ["tar", "--extract", "--strip-components=1", "--no-same-owner"]
            subprocess.run([*unpack, f"--file={orig}", f"--directory={tree}"], check=True)
            release.unlink()
        variables = {"SOURCE_DATE_EPOCH": str(changelog_time(tree / "debian")), "DEB_BUILD_OPTIONS": "parallel=1"}
        shop.run(["dpkg-buildpackage", "-us", "-uc"], log, tree.name, variables)
        shutil.rmtree(tree)
        partial = result.with_name(f"{result.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(shop.build, partial)
    shutil.move(log, partial / "build.log")
    partial.rename(result)


def check(result: Path, root: Path) -> None:
    """Run lintian; whatever it says and no override explains is an error."""
    log = result / "lintian.log"
    log.unlink(missing_ok=True)
    with workshop(root) as shop, progress(f"checking {result.name.split('_')[0]} with lintian"):
        for file in result.iterdir():
            shutil.copy(file, shop.build)
        changes = next(shop.build.glob("*.changes")).name
        severities = "error,warning,info,pedantic"
        command = ["lintian", "--info", "--display-info", "--pedantic", "--fail-on", severities, changes]
        shop.run(command, log, environment={"TMPDIR": "/tmp"})


def forget_old(store: Path, name: str) -> None:
    """Remove all but the results of a source that were used last."""
    results = [path for path in store.glob(f"{name}_*") if (path / "build.log").exists()]
    results.sort(key=lambda path: (path / "build.log").stat().st_mtime, reverse=True)
    for path in results[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def publish(folder: Path, debs: list[Path]) -> None:
    """Have just these packages in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.deb"):
        old.unlink()
    for deb in debs:
        shutil.copy(deb, folder)
    say(f"{len(debs)} packages in {folder}")


def offer(folder: Path, debs: list[Path], key: Key, url: str | None) -> None:
    """Make `folder` a signed apt repository of just these packages."""
    begun = time.monotonic()
    for old in folder.glob("*.deb"):
        old.unlink()
    write_repository(folder, debs, key, url)
    say(f"a signed apt repository in {folder}, key {key.fingerprint()} ({time.monotonic() - begun:.1f} s)")


if __name__ == "__main__":
    sys.exit(main())
