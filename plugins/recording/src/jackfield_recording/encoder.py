"""Turns raw sound into FLAC or Opus with their own programs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from jackfield.errors import JackfieldError, Recovery

from jackfield_recording.service import CHANNELS, FRAME_BYTES, SAMPLE_RATE, samples

_CHUNK = 1 << 20
_PACKAGES = {"flac": "flac", "opusenc": "opus-tools", "opusdec": "opus-tools"}
_RAW_FLAC = ["--force-raw-format", "--endian=little", "--sign=signed"]


class EncodeFailed(JackfieldError):
    """A recording could not be encoded; its raw sound is still there."""

    recovery = Recovery.RETRY


def encode(raw: Path, target: Path, tags: Mapping[str, str]) -> int:
    """Encode whole samples of `raw` to `target`, whose suffix says how, and see to it that they are on disk.

    Returns:
        Samples a side.

    Raises:
        EncodeFailed: the program is missing or failed, or the disk is full.
    """
    with raw.open("rb") as source:
        count = samples(os.fstat(source.fileno()).st_size)
        _run(_command(target, tags), source, count * FRAME_BYTES)
    try:
        with target.open("rb") as written:
            os.fsync(written.fileno())
    except OSError as error:
        raise EncodeFailed(f"{target.name} could not be written: {error.strerror}") from error
    return count


def _command(target: Path, tags: Mapping[str, str]) -> list[str]:
    if target.suffix == ".flac":
        form = [*_RAW_FLAC, f"--channels={CHANNELS}", "--bps=16", f"--sample-rate={SAMPLE_RATE}"]
        marks = [f"--tag={key}={value}" for key, value in tags.items()]
        return ["flac", "--silent", "--force", "--verify", *form, *marks, f"--output-name={target}", "-"]
    form = ["--raw", "--raw-bits", "16", "--raw-rate", str(SAMPLE_RATE), "--raw-chan", str(CHANNELS)]
    marks = [part for key, value in tags.items() for part in ("--comment", f"{key}={value}")]
    # Measured with a tone a side: at 24 kbit/s each is heard in the other 7 dB down, at 32 37 dB, at 48 46 dB.
    sound = ["--bitrate", "48", "--speech", "--no-phase-inv"]
    return ["opusenc", "--quiet", *form, *sound, *marks, "-", str(target)]


def _run(command: list[str], source: BinaryIO, size: int) -> None:
    """Run an encoder on the first `size` bytes of `source`."""
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        except FileNotFoundError as error:
            raise EncodeFailed(
                f"{command[0]} is not installed; install the package {_PACKAGES[command[0]]}, then retry the job"
            ) from error
        assert child.stdin is not None
        with child:
            try:
                _pump(source, child.stdin, size)
            except BrokenPipeError:
                pass  # it has ended early, and its exit status says so
            except BaseException:
                child.kill()
                raise
        if child.returncode != 0:
            said.seek(0)
            words = " ".join(said.read(4000).decode(errors="replace").split())
            raise EncodeFailed(f"{command[0]} failed ({child.returncode}): {words[-300:] or 'it said nothing'}")


def _pump(source: BinaryIO, sink: IO[bytes], size: int) -> None:
    while size > 0:
        chunk = source.read(min(_CHUNK, size))
        if not chunk:
            break
        sink.write(chunk)
        size -= len(chunk)
    sink.close()


def decoded_samples(path: Path) -> int:
    """Samples a side in a finished recording.

    Raises:
        EncodeFailed: it is damaged, or the decoder is missing.
    """
    if path.suffix == ".flac":
        command = ["flac", "--silent", "--decode", *_RAW_FLAC, "--stdout", str(path)]
    else:
        command = ["opusdec", "--quiet", "--rate", str(SAMPLE_RATE), str(path), "-"]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            assert child.stdout is not None
            size = sum(map(len, iter(partial(child.stdout.read, _CHUNK), b"")))
    except FileNotFoundError as error:
        raise EncodeFailed(f"{command[0]} is not installed; install the package {_PACKAGES[command[0]]}") from error
    if child.returncode != 0:
        raise EncodeFailed(f"{path.name} is damaged: {command[0]} cannot decode it")
    return samples(size)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
