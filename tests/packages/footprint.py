"""What is on a system: compared before an installation and after a purge."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rig.node import Node

FOLDERS = ("/etc", "/home", "/opt", "/root", "/run", "/usr", "/var")
PASSING = re.compile(
    # What the package managers, systemd, and other daemons write for themselves.
    r"/var/(cache|log|lib/(apt|dpkg|systemd|redis|asterisk)|spool/asterisk|tmp/systemd-private-.*)(/|$)"
    r"|/run/(asterisk|redis|systemd|udev|log|user|lock|credentials|dbus)(/|$)"
    # Where the rig's own repository is.
    r"|/etc/apt/sources.list.d/"
)
ACCOUNTS = {
    f"/etc/{name}{dash}" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid") for dash in ("", "-")
}


@dataclass(frozen=True)
class Footprint:
    """A system's files, accounts, units and packet filter."""

    files: dict[str, str]
    """Path → type, owner, mode and, in /etc, the content's SHA-256."""
    accounts: frozenset[str]
    memberships: frozenset[str]
    units: frozenset[str]
    tables: frozenset[str]


def footprint(node: Node) -> Footprint:
    """What is there now."""
    listed = node.run(["find", *FOLDERS, "-xdev", "-printf", "%p\t%y %u:%g %m\n"], check=False).stdout
    files = dict(line.split("\t", 1) for line in listed.splitlines() if not PASSING.match(line.split("\t")[0]))
    hashed = node.run(["find", "/etc", "-type", "f", "-exec", "sha256sum", "{}", "+"]).stdout
    for line in hashed.splitlines():
        digest, _, path = line.partition("  ")
        if path in files:
            files[path] += f" {digest}"
    units = node.systemctl("list-unit-files", "--no-legend", "--plain", "*jackfield*", check=False)
    units += node.systemctl("list-units", "--all", "--no-legend", "--plain", "*jackfield*", check=False)
    return Footprint(
        files,
        frozenset(line.split(":")[0] for line in node.run(["getent", "passwd"]).stdout.split("\n")),
        frozenset(node.run(["getent", "group"]).stdout.split("\n")),
        frozenset(units.splitlines()),
        frozenset(node.run(["nft", "list", "tables"]).stdout.splitlines()),
    )
