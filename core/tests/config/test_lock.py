import subprocess
import sys

import pytest
from jackfield.config.lock import SiteBusy, site_lock

HOLDER = """
import sys, time
from pathlib import Path
from jackfield.config.lock import site_lock
with site_lock(Path(sys.argv[1]), "ann", "apply"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_holds_it_and_a_killed_holder_lets_go(tmp_path):
    path = tmp_path / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SiteBusy, match=rf"apply by ann \(process {holder.pid}\) since "):
            with site_lock(path, "bob", "import"):
                pass
        holder.kill()
        holder.wait()
    with site_lock(path, "bob", "import"):
        assert path.read_text().startswith("import by bob")
