"""Files that are either whole or not there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

FILE_MODE = 0o640
FOLDER_MODE = 0o750


def write_file(path: Path, data: bytes | str, mode: int = FILE_MODE) -> None:
    """Write a file through a temporary one beside it; the disk has it when this returns.

    Raises:
        OSError: no room, no right; the file that was there is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """Make a folder (and those above) that the owner writes and the group reads; the group comes from above."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    mode = path.stat().st_mode
    if mode & 0o777 != FOLDER_MODE:
        path.chmod((mode & 0o7000) | FOLDER_MODE)


def sync_folder(path: Path) -> None:
    """Have the disk hold a folder's entries."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
