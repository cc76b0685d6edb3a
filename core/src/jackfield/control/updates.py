"""What packages are installed here, and what newer ones apt knows. Only looked at: nothing is installed from here."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jackfield.errors import CommandFailed

PACKAGES = ("jackfield*", "python3-jackfield*", "asterisk", "asterisk-modules", "redis-server", "valkey-server",
            "nftables", "openssl", "python3")  # fmt: skip
"""Whose versions matter for calls; patterns of dpkg-query(1)."""
LISTS = Path("/var/lib/apt/lists")
SECONDS = 30.0


def updates() -> dict[str, Any]:
    """Packages that calls depend on: installed and newest known version; and when apt last looked (UTC).

    Raises:
        CommandFailed: dpkg or apt is not here, or does not answer.
    """
    installed = installed_of(_run("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *PACKAGES))
    found = policy(_run("apt-cache", "policy", *installed)) if installed else []
    try:
        looked = datetime.fromtimestamp(LISTS.stat().st_mtime, UTC).isoformat()
    except OSError:
        looked = None
    return {"packages": found, "looked_at": looked}


def installed_of(text: str) -> list[str]:
    """Names of the packages that dpkg-query says are installed."""
    rows = (line.split() for line in text.splitlines())
    return sorted(row[0] for row in rows if len(row) == 2 and row[1] == "installed")


def policy(text: str) -> list[dict[str, Any]]:
    r"""What `apt-cache policy` says, in the language C.

    >>> policy("asterisk:\\n  Installed: 1:22.1\\n  Candidate: 1:22.2\\n  Version table:\\n")
    [{'package': 'asterisk', 'installed': '1:22.1', 'candidate': '1:22.2', 'newer': True}]
    """
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        word, _colon, value = line.strip().partition(": ")
        if not line.startswith(" ") and line.endswith(":"):
            found.append({"package": line[:-1], "installed": "", "candidate": "", "newer": False})
        elif found and line.startswith("  ") and not line.startswith("   ") and word in ("Installed", "Candidate"):
            found[-1][word.lower()] = "" if value == "(none)" else value
    for row in found:
        # The candidate is what apt would install: another version than ours only where that is newer (or pinned).
        row["newer"] = bool(row["candidate"]) and row["candidate"] != row["installed"]
    return found


def _run(*command: str) -> str:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    try:
        # dpkg-query exits 1 where a pattern matches nothing, and says the rest all the same.
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailed(f"{command[0]} does not answer: {error}") from error
    return done.stdout.decode(errors="replace")
