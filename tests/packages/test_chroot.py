"""Installation where no systemd runs: an image that is being built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packages.system import OURS
from rig.root import ensure_root

pytestmark = pytest.mark.packages
SCRIPT = """
set -e
mount -t tmpfs none "$2"; mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
mkdir "$2/root/debs"; cp "$3"/*.deb "$2/root/debs"
exec chroot "$2/root" sh -ec '
export DEBIAN_FRONTEND=noninteractive
dpkg -i /debs/*.deb
echo "== audit"; dpkg --audit
echo "== current"; ls -l "$0"
echo "== enabled"; systemctl is-enabled jackfieldd.socket jackfieldd.service jackfield-worker.service
dpkg --purge jackfield-admintui jackfield-plugin-acd jackfield-plugin-ivr jackfield-plugin-recording \\
  jackfield python3-jackfield
echo "== left"; find /etc /usr /var -name "*jackfield*"
' "$4"
"""


def test_install_and_purge_in_a_chroot(debs: list[Path], tmp_path: Path) -> None:
    root = ensure_root("run")
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        SCRIPT,
        "sh",
        str(root.path),
        str(tmp_path),
        str(debs[0].parent),
        OURS,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in done.stdout.split("== ")[1:]}
    assert parts["audit"] == ""
    assert OURS in parts["current"]
    assert parts["enabled"].split()[:3] == ["enabled"] * 3
    assert parts["left"] == ""
