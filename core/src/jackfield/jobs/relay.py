"""Moves jobs from the outbox table to Redis, and finds those that Redis lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from jackfield.jobs import rows
from jackfield.storage.engine import Database

QUEUE = "jackfield"
ENTRY = "jackfield.jobs.run.run_job"
KEEP_DONE = timedelta(days=7)
CHECK_SECONDS = 30.0
"""While jobs are in Redis: how often to see whether they still are (Redis may be flushed, or restart empty)."""
_TRY_AGAIN = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_RQ_TIMEOUT = 7 * 86400  # run_job sets the job's own
_BATCH = 500
_DAY = 86400.0
log = structlog.get_logger(__name__)


def connect(url: str) -> Redis:
    """A client that fails soon instead of retrying on its own. Connects when used."""
    client: Redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 0))
    return client


class Relay:
    """The outbox's way to Redis. One thread; call `work` when nudged, and after `seconds_to_work`."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        pauses: Sequence[float] = rows.PAUSES,
        on_trouble: Callable[[str], None] = lambda message: None,
        on_ok: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing is read or sent yet. `on_trouble` is told at each try that fails, `on_ok` when one succeeds again."""
        self._on_trouble, self._on_ok = on_trouble, on_ok
        self._database = database
        self._redis = redis
        self._queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
        self._pauses = pauses
        self._failures = 0
        self._work_at: float | None = time.monotonic()
        self._check_at = 0.0  # the first work checks
        self._forget_at = 0.0
        self._gone: list[str | None] = [None]
        """Workers whose running jobs are to be put back; None: of all, which only fits before the first one starts."""
        self._answers = False

    @property
    def redis_answers(self) -> bool:
        """Whether Redis did when it was last asked."""
        return self._answers

    def seconds_to_work(self) -> float | None:
        """Seconds until `work` has something to do by itself; None when only a nudge can bring some."""
        return None if self._work_at is None else max(0.0, self._work_at - time.monotonic())

    def work(self) -> None:
        """Send what is due, check what was sent. Does nothing while Redis or the database is away and a pause runs."""
        if self._failures and self._work_at is not None and time.monotonic() < self._work_at:
            return
        try:
            self._work()
        except (RedisError, SQLAlchemyError, OSError) as error:
            self._trouble(error)
            return
        if self._failures or not self._answers:
            log.warning("relay.ok")
            self._on_ok()
        self._failures = 0
        self._answers = True
        self._plan()

    def worker_died(self, worker: str) -> None:
        """A worker process of ours is gone: what it was running must run again. Call `work` after it."""
        self._gone.append(worker)
        self._check_at = 0.0

    def _work(self) -> None:
        while self._gone:
            rows.lost(self._database, self._gone[-1], "The worker died in the middle of it.", self._pauses)
            self._gone.pop()
        if not self._answers:
            self._redis.ping()
        now = time.monotonic()
        if now >= self._check_at:
            self._find_lost()
            self._check_at = now + CHECK_SECONDS
        if now >= self._forget_at:
            rows.forget_done(self._database, KEEP_DONE)
            self._forget_at = now + _DAY
        while self._send_batch() == _BATCH:
            pass

    def _send_batch(self) -> int:
        ids = rows.take_due(self._database, _BATCH)
        if ids:
            try:
                self._queue.enqueue_many([self._job(each) for each in ids])
            except BaseException:
                rows.unsend(self._database, ids)
                raise
        return len(ids)

    def _job(self, row_id: int) -> EnqueueData:
        return Queue.prepare_data(
            ENTRY, (row_id,), timeout=_RQ_TIMEOUT, result_ttl=0, failure_ttl=60, job_id=f"{QUEUE}-{row_id}"
        )

    def _find_lost(self) -> None:
        """Jobs that were sent but are in Redis no more wait again.

        A job that a worker has just taken out, and not yet claimed, looks the same: it is sent twice, and the second
        one finds it claimed.
        """
        marked = rows.sent(self._database)
        if not marked:
            return
        there = set(self._queue.get_job_ids())
        gone = [row_id for row_id in marked if f"{QUEUE}-{row_id}" not in there]
        if gone:
            log.warning("relay.lost_by_redis", jobs=len(gone), what="they are sent again")
            rows.unsend(self._database, gone)

    def _plan(self) -> None:
        waits = [self._forget_at - time.monotonic()]
        try:
            due = rows.seconds_to_next(self._database)
            if rows.sent(self._database):
                waits.append(self._check_at - time.monotonic())
        except SQLAlchemyError as error:
            self._trouble(error)
            return
        if due is not None:
            waits.append(due)
        self._work_at = time.monotonic() + max(0.0, min(waits))

    def _trouble(self, error: Exception) -> None:
        pause = _TRY_AGAIN[min(self._failures, len(_TRY_AGAIN) - 1)]
        if not self._failures:
            log.error("relay.trouble", error=f"{type(error).__name__}: {error}", what="jobs wait; none is lost")
        self._on_trouble(f"{type(error).__name__}: {error}")
        self._failures += 1
        self._answers = False
        self._check_at = 0.0
        self._work_at = time.monotonic() + pause
