"""The archive of a back-up: a compressed tar, first its manifest, then exactly the files that the manifest lists.

Read in one pass, and to the end before anything of it is believed: each file's size and checksum must be right, and
nothing else may be in it: no link, no device, no name of somebody else's, no more bytes than were announced.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from jackfield.backup.manifest import FORMAT, NAME, BackupError, Entry, Manifest, newer_than_we, read_manifest
from jackfield.config.files import sync_folder
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
CHUNK = 1 << 18
MANIFEST_BYTES = 64 << 20
HEADERS = 4096
"""Bytes of tar's own around a file, at most: a header, one for a long name, and padding."""
Progress = Callable[[int, int, str], None]
Sink = Callable[[Entry, Iterator[bytes]], None]


def entry_of(name: str, path: Path) -> Entry:
    """A file's entry; reads all of it."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            digest.update(data)
            size += len(data)
    return Entry(name=name, size=size, sha256=digest.hexdigest())


def write(target: Path, manifest: Manifest, sources: dict[str, Path], progress: Progress) -> None:
    """Write an archive, readable by its owner alone; it is there whole, or not at all.

    Raises:
        BackupError: a file changed meanwhile.
        OSError: no room, no right.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed, _tar_to(packed) as tar:
                text = manifest.model_dump_json().encode()
                tar.addfile(_header(NAME, len(text), manifest), io.BytesIO(text))
                for number, entry in enumerate(manifest.files, 1):
                    progress(number, len(manifest.files), entry.name)
                    _add(tar, entry, sources[entry.name], manifest)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _tar_to(packed: gzip.GzipFile) -> Iterator[tarfile.TarFile]:
    with tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        yield tar


def _header(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, int(manifest.made_at.timestamp())
    return header


def _add(tar: tarfile.TarFile, entry: Entry, path: Path, manifest: Manifest) -> None:
    with path.open("rb") as file:
        watched = _Hashing(file)
        try:
            tar.addfile(_header(entry.name, entry.size, manifest), watched)  # type: ignore[arg-type]
        except OSError as error:
            if error.errno is not None:
                raise
            raise _changed(entry) from None  # tarfile's "unexpected end of data"
    if watched.digest.hexdigest() != entry.sha256:
        raise _changed(entry)


def _changed(entry: Entry) -> BackupError:
    return BackupError(_("{name} changed while it was backed up; try again").format(name=entry.name))


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class _Bounded(io.RawIOBase):
    """Gives no more bytes than are allowed by now: a small archive must not unpack to a full disk or memory."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self.limit = file, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), CHUNK))
        self.limit -= len(data)
        if self.limit < 0:
            raise BackupError(_("more is in it than its manifest says; it is no back-up of Jackfield"))
        buffer[: len(data)] = data
        return len(data)


def read(path: Path, sink: Sink | None = None, progress: Progress = lambda *told: None) -> Manifest:
    """Read an archive to its end, and check all of it.

    Args:
        path: of the archive.
        sink: is given each file's entry and bytes; what it did must be undone when this raises.
        progress: told of each file.

    Raises:
        BackupError: it is damaged, not ours, or made by a newer Jackfield.
        OSError: it cannot be read, or the sink's files cannot be written.
    """
    with _opened(path) as (tar, bounded):
        found = _first(tar)
        _rest(tar, bounded, found, sink, progress)
        while bounded.read(CHUNK):
            pass  # to the end, where gzip has its own checksum
        return found


def peek(path: Path) -> Manifest:
    """What an archive says of itself; nothing else of it is looked at. Raises as `read`."""
    with _opened(path) as (tar, _bounded):
        return _first(tar)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tarfile.TarFile, _Bounded]]:
    with path.open("rb") as file:
        try:
            with gzip.GzipFile("", "rb", fileobj=file) as unpacked:
                bounded = _Bounded(unpacked, MANIFEST_BYTES)  # type: ignore[arg-type]
                with tarfile.open(fileobj=bounded, mode="r|") as tar:
                    yield tar, bounded
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError) as error:
            raise BackupError(_("it is damaged, or no back-up of Jackfield: {error}").format(error=error)) from error


def _first(tar: tarfile.TarFile) -> Manifest:
    header = tar.next()
    if header is None or header.name != NAME or not header.isreg() or header.size > MANIFEST_BYTES:
        raise BackupError(_("this is no back-up of Jackfield: it does not begin with a manifest"))
    manifest = read_manifest(b"".join(_bytes(tar, header)))
    if manifest.format > FORMAT:
        raise newer_than_we()
    return manifest


def _rest(tar: tarfile.TarFile, bounded: _Bounded, manifest: Manifest, sink: Sink | None, progress: Progress) -> None:
    # Tar ends with zeros, as many as fill a block of 10 KiB.
    bounded.limit = manifest.bytes + HEADERS * (len(manifest.files) + 1) + 2 * tarfile.RECORDSIZE
    for number, entry in enumerate(manifest.files, 1):
        progress(number, len(manifest.files), entry.name)
        header = tar.next()
        if header is None:
            raise BackupError(_("it ends before {name}: it is damaged").format(name=entry.name))
        if header.name != entry.name or not header.isreg() or header.issparse() or header.size != entry.size:
            raise BackupError(_("{name} is not what its manifest says").format(name=repr(header.name[:80])))
        _take(entry, _bytes(tar, header), sink)
    if tar.next() is not None:
        raise BackupError(_("more is in it than its manifest says; it is no back-up of Jackfield"))


def _take(entry: Entry, data: Iterator[bytes], sink: Sink | None) -> None:
    digest, size = hashlib.sha256(), 0

    def watched() -> Iterator[bytes]:
        nonlocal size
        for piece in data:
            digest.update(piece)
            size += len(piece)
            yield piece

    pieces = watched()
    if sink is not None:
        sink(entry, pieces)
    for _rest in pieces:
        pass
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise BackupError(_("{name} is damaged: its checksum differs").format(name=entry.name))


def _bytes(tar: tarfile.TarFile, header: tarfile.TarInfo) -> Iterator[bytes]:
    file = tar.extractfile(header)
    if file is None:
        raise BackupError(_("{name} is not what its manifest says").format(name=repr(header.name[:80])))
    while data := file.read(CHUNK):
        yield data


def into(folder: Path) -> Sink:
    """A sink that writes the files below a folder which nobody else writes to."""

    def put(entry: Entry, data: Iterator[bytes]) -> None:
        path = folder / entry.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for piece in data:
                file.write(piece)

    return put
