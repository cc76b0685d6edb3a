"""Child processes that take orders on stdin and answer a JSON line each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from bench.report import REPOSITORY, BenchError


class Child:
    """`python3 -m MODULE ARGUMENTS…` with the benches' own interpreter and path."""

    def __init__(self, module: str, *arguments: object) -> None:
        command: Sequence[str] = [sys.executable, "-m", module, *map(str, arguments)]
        self._name = " ".join(command[2:])
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment()
        )

    def read(self) -> dict[str, Any]:
        """The next JSON line.

        Raises:
            BenchError: the child has ended instead.
        """
        assert self.process.stdout
        text = self.process.stdout.readline()
        if not text:
            raise BenchError(f"{self._name} ended with {self.process.wait()}; its errors are above")
        result: dict[str, Any] = json.loads(text)
        return result

    def ask(self, order: str) -> dict[str, Any]:
        """Send an order and read its answer."""
        assert self.process.stdin
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return self.read()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def environment() -> dict[str, str]:
    """This environment, with our source tree on Python's path."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "core" / "src"), str(REPOSITORY / "tests"), str(REPOSITORY)]),
    }


def answer(**values: Any) -> None:
    """What a child prints."""
    print(json.dumps(values), flush=True)
