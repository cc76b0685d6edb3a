"""What to enter into the phones of a site: for the screen, and as a sheet that is carried to the desks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.text import Text

from jackfield_admintui.texts import N_, _, plain, told

Account = Mapping[str, str]
FILE = "jackfield-phones.txt"
TITLES = {
    "server": N_("Server"), "port": N_("Port"), "transport": N_("Transport"), "srtp": N_("Encryption of sound (SRTP)"),
    "user_name": N_("User name"), "authentication_name": N_("Authentication name"), "password": N_("Password"),
    "sip_address": N_("SIP address"), "display_name": N_("Display name"), "codecs": N_("Codecs"), "dtmf": N_("DTMF"),
    "registration_seconds": N_("Registration, in seconds"),
}  # fmt: skip
"""Settings in the words of phones' menus."""


def brief(account: Account, there: bool) -> Text:
    """A phone in a few lines: whether it has come, and the least that must be entered."""
    out = Text("  ")
    sign = _("✔ registered") if there else _("… not registered yet")
    out.append(f"{plain(account['user_name'])} {plain(account['display_name'])}  ", style="bold")
    out.append(sign + "\n", style="bold" if there else "")
    if not there:
        shown = _("    server {server}, user {user}\n    password {password}")
        out.append(shown.format(server=plain(account["server"]), user=plain(account["user_name"]),
                                password=plain(account["password"])) + "\n")  # fmt: skip
    return out


def sheet(accounts: Iterable[Account]) -> str:
    """All settings of all phones, to be printed."""
    found = []
    for account in accounts:
        lines = [f"{plain(account['user_name'])}  {plain(account['display_name'])}", "-" * 60]
        lines += [f"{told(TITLES.get(key, key))}: {plain(value)}" for key, value in account.items()]
        found.append("\n".join(lines))
    return "\n\n".join(found) + "\n"


def write(accounts: Iterable[Account], folder: Path | None = None) -> Path:
    """Write the sheet, which holds passwords: for its owner only.

    Raises:
        OSError: it cannot be written.
    """
    path = (folder or Path.home()) / FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(sheet(accounts))
    return path
