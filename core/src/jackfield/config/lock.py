"""One change of the site at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from jackfield.config.files import make_folder
from jackfield.errors import JackfieldError, Recovery
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")


class SiteBusy(JackfieldError):
    """Somebody else is changing the site; the message says who."""

    recovery = Recovery.RETRY


@contextmanager
def site_lock(path: Path, author: str, what: str) -> Iterator[None]:
    """Hold the lock while changing the site; it goes with the process, even by `kill -9`.

    Raises:
        SiteBusy: at once, when somebody else holds it.
    """
    make_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 500).decode(errors="replace").strip() or "somebody"
            raise SiteBusy(
                _("the site is being changed: {holder}; try again when that has ended").format(holder=holder)
            ) from None
        os.ftruncate(handle, 0)
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        os.write(handle, f"{what} by {author} (process {os.getpid()}) since {now}\n".encode())
        yield
    finally:
        os.close(handle)
