"""Who we are: root becomes the service's user before it touches anything that the daemons can write."""

from __future__ import annotations

import os
import pwd

USER = "jackfield"
_before: list[tuple[str, int]] = []
"""Who we were before we became the service's user."""


def author() -> str:
    """Who gave the command: the person behind sudo, or the login.

    Anybody can set SUDO_USER, but sudo sets it for root: it is believed only there.
    """
    if _before:
        return _before[0][0]
    if os.getuid() == 0 and os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def may_see_numbers() -> bool:
    """Whether the real numbers of private calls may be shown: to root, asked before root is given up."""
    return os.geteuid() == 0


def uid() -> int:
    """The user who gave the command, by number; SUDO_UID is believed as SUDO_USER is."""
    if _before:
        return _before[0][1]
    told = os.environ.get("SUDO_UID", "")
    return int(told) if os.getuid() == 0 and told.isascii() and told.isdigit() else os.getuid()


def become_service_user(name: str = USER) -> None:
    """Root becomes the user `jackfield`, for good. Others, and machines without that user, stay as they are."""
    os.umask(0o027)
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return
    _before.append((author(), uid()))
    os.setgroups(os.getgrouplist(name, user.pw_gid))
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update(HOME=user.pw_dir, USER=name, LOGNAME=name)
    os.chdir("/")
