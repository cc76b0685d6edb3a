"""Figures of queues and agents as rows: for the control API, and as reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError
from jackfield.reports.report import ZONE, Column, Report, plain
from pydantic import AwareDatetime, Field

from jackfield_acd import eventlog, figures
from jackfield_acd.figures import AgentFigures, Every, QueueFigures

if TYPE_CHECKING:
    from sqlmodel import Session

    from jackfield_acd.runtime import Runtime

MOST = 2000
"""Rows of an answer over the control API."""


class Of(StrEnum):
    """Whose figures."""

    QUEUES = "queues"
    AGENTS = "agents"


def rows(
    session: Session, since: datetime, until: datetime, of: Of, every: Every | None, zone: tzinfo
) -> list[dict[str, Any]]:
    """Figures by interval and name, in order; `every` None makes one interval of all."""
    cut = [(since, until)] if every is None else list(figures.intervals(since, until, every, zone))
    found: dict[tuple[int, str], QueueFigures] | dict[tuple[int, str], AgentFigures]
    if of is Of.QUEUES:
        found = figures.of_queues(eventlog.of_visits(session, since, until), cut)
    else:
        now = min(until, datetime.now(UTC))
        found = figures.of_agents(eventlog.of_agents(session, since, until), cut, now)
    word = of.removesuffix("s")
    return [
        {"from": cut[number][0], "until": cut[number][1], word: name, **found[number, name].as_row()}
        for number, name in sorted(found)
    ]


_TIMES = (Column("from", "time"), Column("until", "time"))
_QUEUE = (
    *_TIMES,
    Column("queue"),
    *(Column(name, "number") for name in ("offered", "answered", "abandoned", "exited", "timed_out", "withdrawn")),
    *(Column(name, "number") for name in ("in_line", "refused", "lost")),
    *(Column(name, "number") for name in ("callbacks", "called_back", "callbacks_failed", "callbacks_cancelled")),
    *(Column(name, "number") for name in ("within", "abandoned_within", "timed_out_within", "withdrawn_within")),
    Column("service_level", "percent"),
    Column("service_level_2", "percent"),
    *(Column(name, "seconds") for name in ("asa", "aht", "hold", "talk", "wrap", "longest_wait")),
)
_AGENT = (
    *_TIMES,
    Column("agent"),
    Column("answered", "number"),
    Column("unanswered", "number"),
    *(Column(name, "seconds") for name in ("logged_in", "paused", "talk", "wrap")),
    Column("occupancy", "percent"),
)


def reports() -> list[Report]:
    """By the hour and by the day, of the site's zone."""
    hour, day = Every.HOUR, Every.DAY
    return [
        Report("queue-hours", "Queues by the hour", _QUEUE, _query(Of.QUEUES, hour, _QUEUE), days=1, personal=False),
        Report("agent-hours", "Agents by the hour", _AGENT, _query(Of.AGENTS, hour, _AGENT), days=1),
        Report("queue-days", "Queues by the day", _QUEUE, _query(Of.QUEUES, day, _QUEUE), personal=False),
        Report("agent-days", "Agents by the day", _AGENT, _query(Of.AGENTS, day, _AGENT)),
    ]


def _query(
    of: Of, every: Every, columns: Sequence[Column]
) -> Callable[[Session, datetime, datetime], Iterable[Sequence[Any]]]:
    def query(session: Session, since: datetime, until: datetime) -> Iterable[Sequence[Any]]:
        for row in rows(session, since, until, of, every, session.info[ZONE]):
            yield [row[column.name] for column in columns]

    return query


def methods(runtime: Callable[[], Runtime]) -> list[Method]:
    """Control methods; `runtime` raises before the plugin has started."""

    def acd_figures(
        of: Annotated[Of, Field(description="Of queues or of agents")] = Of.QUEUES,
        every: Annotated[
            Every | None, Field(description="Cut at full quarters, hours or days; else all in one")
        ] = None,
        since: Annotated[
            AwareDatetime | None, Field(description="From when; with a zone. Else the last 24 hours")
        ] = None,
        until: Annotated[AwareDatetime | None, Field(description="Until when; now if left out")] = None,
    ) -> list[dict[str, Any]]:
        """Figures of queues or agents: offered, answered, abandoned, service level, waits, talk time, occupancy."""
        end = until or datetime.now(UTC)
        start = since or end - timedelta(days=1)
        if start >= end:
            raise JackfieldError(f"the time is empty: since {start.isoformat()} is not before {end.isoformat()}")
        found = runtime().figures(start.astimezone(UTC), end.astimezone(UTC), of, every)
        if len(found) > MOST:
            raise JackfieldError(f"{len(found)} rows are too many here; ask for a shorter time or longer intervals")
        return [{name: plain(value) for name, value in row.items()} for row in found]

    def acd_lost(
        since: Annotated[
            AwareDatetime | None, Field(description="From when; with a zone. Else the last 24 hours")
        ] = None,
    ) -> list[dict[str, Any]]:
        """Callers who were in line when Asterisk died, in the order in which they had come: to be called back."""
        start = since or datetime.now(UTC) - timedelta(days=1)
        found = runtime().lost(start.astimezone(UTC))
        return [{name: plain(value) for name, value in row.items()} for row in found[-MOST:]]

    return [
        Method("acd.figures", acd_figures, Role.OPERATOR, personal=True, object="{of}"),
        Method("acd.lost", acd_lost, Role.OPERATOR, personal=True),
    ]
