"""Installs Jackfield's packages onto a node, as a user would: by apt, under systemd."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .hostsys import RigError
from .node import Node


def install_jackfield(
    node: Node, dist_dir: Path, packages: Sequence[str] | None = None, timeout: float = 60
) -> list[str]:
    """Installs .debs of a folder by apt and waits until their enabled units are active.

    packages: the names to install; the others of the folder are only offered to apt, for
    dependencies. None: all of them. Returns the units waited for. Raises RigError if the
    folder has no .deb or apt fails, TimeoutError with the journal if a unit stays down.
    """
    debs = sorted(dist_dir.glob("*.deb"))
    if not debs:
        raise RigError(f"{dist_dir} holds no .deb. Build the packages first (make packages).")
    node.add_debs(debs)
    return install_offered(
        node, list(packages) if packages is not None else [d.name.split("_")[0] for d in debs], timeout
    )


def install_offered(node: Node, names: Sequence[str], timeout: float = 60, *, recommended: bool = False) -> list[str]:
    """As install_jackfield, of a repository that the node knows already (Node.add_repository)."""
    node.apt_install(names, recommended=recommended)
    units = enabled_units(node, names)
    for unit in units:
        node.wait_for(partial(node.is_active, unit), timeout, f"{unit} to be active")
    return units


def enabled_units(node: Node, packages: Sequence[str]) -> list[str]:
    """The enabled services, sockets and timers that packages on a node brought."""
    files = node.run(["dpkg", "-L", *packages]).stdout.split()
    names = sorted(
        {
            Path(f).name
            for f in files
            if "/systemd/system/" in f
            and f.endswith((".service", ".socket", ".timer"))
            and not f.endswith(("@.service", "@.socket"))
        }
    )
    return [u for u in names if node.systemctl("is-enabled", u, check=False) == "enabled"]
