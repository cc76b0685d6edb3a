"""Runs a build in a copy of the build root, as an ordinary user and without a network."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sources import BuildError

USER_ID = 1000
# The mounts live in a mount namespace: they are gone with the last process, whatever ends it.
SCRIPT = """
set -e
root=$1 work=$2; shift 2
mount -t tmpfs none "$work/layers"
mkdir "$work/layers/upper" "$work/layers/work"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/layers/upper,workdir=$work/layers/work" "$work/root"
mount -t proc proc "$work/root/proc"
mount --rbind /dev "$work/root/dev"
mount -t tmpfs -o mode=1777 none "$work/root/tmp"
mkdir "$work/root/build"
mount --bind "$work/build" "$work/root/build"
for deb in "$work"/debs/*.deb; do
    [ -e "$deb" ] || break
    cp "$deb" "$work/root/tmp/"
    chroot "$work/root" dpkg --install "/tmp/$(basename "$deb")"
done
echo 'builder:x:1000:1000::/build:/bin/sh' >>"$work/root/etc/passwd"
echo 'builder:x:1000:' >>"$work/root/etc/group"
exec chroot --userspec=1000:1000 "$work/root" "$@"
"""


class Workshop:
    """A copy of the build root with a folder for a build."""

    def __init__(self, root: Path, folder: Path, debs: Sequence[Path]) -> None:
        """`folder` is an empty one that goes away with the workshop; `debs` are installed in the copy."""
        self._root, self._folder = root, folder
        self.build = folder / "build"
        for name in ("build", "layers", "root", "debs"):
            (folder / name).mkdir()
        for deb in debs:
            shutil.copy(deb, folder / "debs")

    def run(self, argv: list[str], log: Path, inside: str = "", environment: dict[str, str] | None = None) -> None:
        """Run a command in the folder `/build/inside`; its output is added to `log`.

        Raises:
            BuildError: it failed; with the end of its output.
        """
        subprocess.run(["chown", "-R", f"{USER_ID}:{USER_ID}", str(self.build)], check=True)
        variables = {"HOME": "/build", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"} | (environment or {})
        command = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--net"]
        command += ["sh", "-c", SCRIPT, "sh", str(self._root), str(self._folder), "env", f"--chdir=/build/{inside}"]
        command += [f"{key}={value}" for key, value in variables.items()] + argv
        with log.open("a") as out:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
        if done.returncode:
            tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-25:])
            raise BuildError(f"{argv[0]} failed in the build root ({done.returncode}); end of {log}:\n  {tail}")


@contextmanager
def workshop(root: Path, debs: Sequence[Path] = ()) -> Iterator[Workshop]:
    """A workshop above the build root; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="jackfield-deb-", dir="/var/tmp"))
    try:
        yield Workshop(root, folder, debs)
    finally:
        shutil.rmtree(folder)
