"""The command `jackfieldd`: the daemon without what it has no use for."""

import sys

# structlog loads rich, where it is installed, for coloured tracebacks: 3 MB that no journal shows.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]

from jackfield.daemon import main  # noqa: E402

__all__ = ["main"]
