"""Who may use the control socket: the peer's user and groups by the kernel's word, and the roles in the settings."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

import structlog

from jackfield.control.method import Caller, Role
from jackfield.settings import ControlSettings

log = structlog.get_logger(__name__)
SO_PEERGROUPS = 59
"""unix(7); Python has no name for it."""
_UCRED = struct.Struct("3i")
_ACL = struct.Struct("<HHI")
"""An entry of `system.posix_acl_access` (acl_ea.h): tag, permissions, id."""
_ACL_VERSION = struct.pack("<I", 2)
_OWNER, _USER, _GROUP_OWNER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_READ_WRITE, _NOBODY = 6, 0xFFFFFFFF


class Access:
    """Tells what a peer may do."""

    def __init__(self, settings: ControlSettings) -> None:
        self._wanted = {
            Role.ADMIN: settings.admins,
            Role.OPERATOR: settings.operators,
            Role.VIEWER: settings.viewers,
        }

    def caller(self, sock: socket.socket) -> Caller:
        """The process on the other side, as it was when it connected. Looks names up, which may take a while."""
        pid, uid, gid = _peer(sock)
        return Caller(user_name(uid), uid, self.role(uid, {gid, *_peer_groups(sock)}), pid)

    def uid(self, sock: socket.socket) -> int:
        """The user of the process on the other side; quick."""
        return _peer(sock)[1]

    def role(self, uid: int, gids: Iterable[int]) -> Role | None:
        """The highest role of a user with these groups; root and the daemon's own user are administrators."""
        if uid in (0, os.geteuid()):
            return Role.ADMIN
        names = {user_name(uid), *(f"@{group_name(gid)}" for gid in gids)}
        return next((role for role, wanted in self._wanted.items() if names & set(wanted)), None)

    def open_socket(self, path: Path) -> None:
        """Let those who have a role connect, and nobody else.

        A file has one group only, so the others are in its access list (acl(5)).
        """
        path.chmod(0o660)
        users, groups = set(), set()
        for name in {each for names in self._wanted.values() for each in names}:
            try:
                if name.startswith("@"):
                    groups.add(grp.getgrnam(name[1:]).gr_gid)
                else:
                    users.add(pwd.getpwnam(name).pw_uid)
            except KeyError:
                log.warning("control.nobody", name=name, what="[control] names a user or group that is not there")
        if not users and not groups:
            return
        try:
            os.setxattr(path, "system.posix_acl_access", _acl(users, groups))
        except OSError as error:
            log.error("control.not_opened", error=str(error), what="only root and jackfield can connect")


def user_name(uid: int) -> str:
    """The login of a user, or `uid N`."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def group_name(gid: int) -> str:
    """The name of a group, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _peer(sock: socket.socket) -> tuple[int, int, int]:
    """Process, user and group (SO_PEERCRED of unix(7))."""
    pid, uid, gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return pid, uid, gid


def _peer_groups(sock: socket.socket) -> list[int]:
    """The peer's supplementary groups: those of its process, not what the user database says now."""
    try:
        data = sock.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 1024)
    except OSError as error:  # ERANGE: it is in more than 256 groups, and Python reads no more
        log.warning("control.groups", error=str(error))
        return []
    return [gid for (gid,) in struct.iter_unpack("=I", data)]


def _acl(users: Iterable[int], groups: Iterable[int]) -> bytes:
    entries = [
        (_OWNER, _READ_WRITE, _NOBODY),
        *((_USER, _READ_WRITE, uid) for uid in sorted(users)),
        (_GROUP_OWNER, _READ_WRITE, _NOBODY),
        *((_GROUP, _READ_WRITE, gid) for gid in sorted(groups)),
        (_MASK, _READ_WRITE, _NOBODY),
        (_OTHER, 0, _NOBODY),
    ]
    return _ACL_VERSION + b"".join(_ACL.pack(*entry) for entry in entries)
