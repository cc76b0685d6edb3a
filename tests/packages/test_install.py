"""A first installation by apt on a booted Debian 14."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packages.system import BUILD, UNITS, ask, plugins, property_of, runs_our_configuration, stat, wait_for_daemon
from rig.node import Node

pytestmark = pytest.mark.packages
AUTOPKGTEST = BUILD.parent / "debian/tests"
FILES = {
    "/etc/jackfield/jackfield.toml": "root:jackfield 640",
    "/run/jackfield": "jackfield:jackfield 755",
    "/run/jackfield/control.sock": "jackfield:jackfield 660",
    "/var/lib/jackfield": "jackfield:jackfield 751",
    "/var/lib/jackfield/asterisk": "jackfield:asterisk 2750",
    "/var/lib/jackfield/asterisk/custom": "jackfield:asterisk 2750",
    "/var/lib/jackfield/asterisk/generations": "jackfield:asterisk 2750",
    "/var/lib/jackfield/asterisk/secrets.toml": "jackfield:asterisk 600",
    "/var/lib/jackfield/jackfield.db": "jackfield:jackfield 640",
    "/var/lib/jackfield/prompts-src": "jackfield:jackfield 750",
    "/var/lib/jackfield/recordings": "jackfield:jackfield 750",
    "/var/lib/jackfield/sounds": "jackfield:asterisk 2750",
    "/var/spool/jackfield": "jackfield:jackfield 751",
    "/var/spool/jackfield/recordings": "jackfield:asterisk 2770",
}


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_up(installed: Node, unit: str) -> None:
    assert installed.is_active(unit), installed.journal(unit)
    assert property_of(installed, unit, "UnitFileState") == "enabled"


def test_no_unit_failed_and_no_package_is_half_done(installed: Node) -> None:
    assert installed.systemctl("--failed", "--no-legend", "--plain") == ""
    assert installed.run(["dpkg", "--audit"]).stdout == ""


def test_all_plugins_are_active(installed: Node) -> None:
    assert plugins(installed) == {"acd": "enabled", "ivr": "enabled", "recording": "enabled"}


def test_asterisk_has_our_configuration_and_the_daemon_speaks_to_it(installed: Node) -> None:
    assert runs_our_configuration(installed)
    assert ask(installed, "status")["asterisk"]["version"].startswith("22.")


def test_debians_configuration_is_untouched(installed: Node) -> None:
    changed = installed.run(["dpkg", "--verify", "asterisk-config"], check=False).stdout
    assert changed == ""


@pytest.mark.parametrize("path", FILES)
def test_owner_and_mode(installed: Node, path: str) -> None:
    assert stat(installed, path) == FILES[path]


def test_strangers_cannot_read_what_is_not_theirs(installed: Node) -> None:
    for path in (
        "/etc/jackfield/jackfield.toml",
        "/var/lib/jackfield/asterisk/secrets.toml",
        "/var/lib/jackfield/jackfield.db",
        "/var/lib/jackfield/asterisk/current/manager.conf",
    ):
        nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        done = installed.run([*nobody, "cat", path], check=False)
        assert done.returncode != 0, path
        assert "Permission denied" in done.stderr


def test_asterisk_reads_its_configuration_and_not_the_secrets(installed: Node) -> None:
    def as_asterisk(path: str) -> int:
        command = ["setpriv", "--reuid=asterisk", "--regid=asterisk", "--init-groups", "cat", path]
        return installed.run(command, check=False).returncode

    assert as_asterisk("/var/lib/jackfield/asterisk/current/pjsip.conf") == 0
    assert as_asterisk("/var/lib/jackfield/asterisk/secrets.toml") != 0
    assert as_asterisk("/var/lib/jackfield/jackfield.db") != 0


@pytest.mark.parametrize(
    ("unit", "user"),
    [
        ("jackfieldd.service", "jackfield"),
        ("jackfield-worker.service", "jackfield"),
        ("asterisk.service", "asterisk"),
    ],
)
def test_no_process_of_the_unit_is_root_or_can_become_it(installed: Node, unit: str, user: str) -> None:
    group = property_of(installed, unit, "ControlGroup")
    pids = installed.read_file(f"/sys/fs/cgroup{group}/cgroup.procs").split()
    assert str(installed.main_pid(unit)) in pids
    for pid in pids:
        status = installed.read_file(f"/proc/{pid}/status")
        number = installed.run(["id", "-u", user]).stdout.strip()
        assert re.search(r"^Uid:\s+(.*)$", status, re.M)[1].split() == [number] * 4, status
        assert re.search(r"^CapPrm:\s+(\w+)$", status, re.M)[1] == "0" * 16
        assert re.search(r"^NoNewPrivs:\s+(\d)$", status, re.M)[1] == "1"


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.startswith("jackfield") and unit.endswith(".service")])
def test_exposure_is_low(installed: Node, unit: str) -> None:
    told = installed.run(["systemd-analyze", "security", "--no-pager", unit]).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1]) < 2


def test_the_firewall_helper_has_one_right_and_serves_only_the_daemon(installed: Node) -> None:
    pid = installed.main_pid("jackfield-firewall.service")
    status = installed.read_file(f"/proc/{pid}/status")
    assert "0" not in re.search(r"^Uid:\s+(.*)$", status, re.M)[1].split()
    for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(re.search(rf"^{name}:\s+(\w+)$", status, re.M)[1], 16) == 1 << 12, name  # CAP_NET_ADMIN
    assert "table inet jackfield" in installed.run(["nft", "list", "tables"]).stdout
    script = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/jackfield-firewall/socket'); "
        "print(s.recv(200).decode()); s.sendall(b'ban 192.0.2.1 60\\n')"
    )
    stranger = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "python3", "-c", script]
    assert "only the user jackfield" in installed.run(stranger, check=False).stdout
    assert "192.0.2.1" not in installed.run(["nft", "list", "table", "inet", "jackfield"]).stdout


def test_the_administrators_tables_are_not_touched(installed: Node) -> None:
    installed.run(["nft", "add", "table", "inet", "mine"])
    for _ in range(
        4
    ):  # a SIGTERM of systemd's for the nft that deletes the table would leave it there, every other time
        installed.systemctl("restart", "jackfield-firewall.service")
        assert "table inet mine" in installed.run(["nft", "list", "tables"]).stdout
        installed.systemctl("stop", "jackfield-firewall.service")
        told = installed.run(["nft", "list", "tables"]).stdout
        assert "table inet mine" in told
        assert "jackfield" not in told
        assert property_of(installed, "jackfield-firewall.service", "Result") == "success"
    installed.systemctl("start", "jackfield-firewall.service")
    installed.run(["nft", "delete", "table", "inet", "mine"])


def test_the_socket_is_systemds_and_only_on_loopback(installed: Node) -> None:
    told = installed.run(["ss", "-ltnp"]).stdout
    rows = [line.split() for line in told.splitlines() if ":4573" in line]
    assert [row[3] for row in rows] == ["127.0.0.1:4573"]
    assert "systemd" in rows[0][-1]
    assert rows[0][2] == "4096"
    manager = [line.split()[3] for line in told.splitlines() if ":5038" in line]
    assert manager == ["127.0.0.1:5038"]


def test_nobody_else_writes_where_root_reads(installed: Node) -> None:
    # Programs and units belong to root; the daemons' folders hold nothing that root runs.
    packages = ["jackfield", "python3-jackfield", "jackfield-plugin-acd"]
    listed = installed.run(["dpkg-query", "-L", *packages]).stdout.split()
    ours = [path for path in listed if path.startswith("/usr/")]
    owners = installed.run(["stat", "--format=%U:%G %n", *ours]).stdout.splitlines()
    assert len(owners) == len(ours) > 100
    assert [line for line in owners if not line.startswith("root:root ")] == []


def test_the_tool_run_by_root_leaves_nothing_of_roots(installed: Node) -> None:
    installed.run(["jackfield", "plan"])
    folders = ["/var/lib/jackfield", "/var/spool/jackfield", "/run/jackfield"]
    assert installed.run(["find", *folders, "-user", "root"]).stdout == ""


def test_bash_completes_commands(installed: Node) -> None:
    script = (
        "source /usr/share/bash-completion/completions/jackfield; COMP_WORDS=(jackfield pl); COMP_CWORD=1; "
        '_jackfield jackfield; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert {"plan", "plugins"} <= set(installed.run(["bash", "-c", script]).stdout.split())


def test_the_packages_own_test_passes(installed: Node) -> None:
    for file in AUTOPKGTEST.iterdir():
        installed.copy_in(file, f"/root/autopkgtest/{file.name}")
    assert "answered at 20" in installed.run(["/root/autopkgtest/call"], timeout=300).stdout


def test_there_is_a_page_of_the_manual_for_every_command(installed: Node) -> None:
    script = "import typer.main; from jackfield.cli.main import app; print(*typer.main.get_command(app).commands)"
    commands = installed.run(["python3", "-c", script]).stdout.split()
    assert len(commands) > 30
    listed = installed.run(["dpkg-query", "-L", "jackfield"]).stdout.split()
    shipped = {Path(name).name.split(".")[0] for name in listed if re.match(r"/usr/share/man/man\d/", name)}
    programs = {Path(name).name for name in listed if name.startswith(("/usr/bin/", "/usr/sbin/"))}
    assert {"jackfield", "jackfieldd", "jackfield-worker", "jackfield-firewall"} <= programs
    assert {f"jackfield-{name}" for name in commands} | programs == shipped


def test_the_core_says_which_plugin_interface_it_has_and_plugins_what_they_may_do(installed: Node) -> None:
    def field(package: str, name: str) -> str:
        return installed.run(["dpkg-query", "-W", "-f", f"${{{name}}}", package]).stdout

    api = installed.run(["python3", "-c", "from jackfield.api import API; print(API)"]).stdout.strip()
    virtual = f"jackfield-plugin-api-{api.split('.')[0]}"
    assert field("python3-jackfield", "Provides") == f"{virtual} (= {api})"
    for name in ("acd", "ivr", "recording"):
        assert f"{virtual} (>= {api.split('.')[0]}" in field(f"jackfield-plugin-{name}", "Depends")
        assert field(f"jackfield-plugin-{name}", "Jackfield-Permissions")


def test_everything_is_back_after_a_reboot(installed: Node) -> None:
    installed.stop()
    installed.boot()
    for unit in UNITS:
        installed.wait_for(lambda unit=unit: installed.is_active(unit), 15, unit)
    wait_for_daemon(installed)
    assert runs_our_configuration(installed)
    assert installed.systemctl("--failed", "--no-legend", "--plain") == ""
