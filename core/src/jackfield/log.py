"""Structured logs: JSON lines on stderr (journald keeps them), readable lines on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog

from jackfield import plugin_names


class _Foreign(logging.Handler):
    """What libraries and plugins log by the standard library's `logging`: as lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises."""
        try:
            error = record.exc_info if record.exc_info and record.exc_info[0] else None
            log = structlog.get_logger(record.name)
            log.log(max(record.levelno, logging.DEBUG), record.getMessage(), logger=record.name, exc_info=error)
        except Exception:
            self.handleError(record)


class _Stderr:
    """Whatever `sys.stderr` is at the moment: loggers outlive its redirection."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up(level: str = "info", json: bool | None = None) -> None:
    """Configure logging for a process.

    Args:
        level: debug, info, warning or error.
        json: one JSON object a line; by default when stderr is not a terminal.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[structlog.typing.Processor] = [
        plugin_names.tag,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        plugin_names.keep,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*shared, *(last if as_json else [structlog.dev.ConsoleRenderer()])],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
