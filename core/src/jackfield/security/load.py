"""When is it too much: a token bucket for new calls, and a judge of how busy the machine is. No I/O."""

from __future__ import annotations

from dataclasses import dataclass


class Bucket:
    """A token bucket: `rate` a second on average, `burst` at once. Times are monotonic, in seconds."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, max(1.0, burst)
        self._tokens, self._at = self.burst, 0.0

    def take(self, now: float) -> bool:
        """Take a token; False when none is left."""
        self._refill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def seconds_until(self, tokens: float, now: float) -> float:
        """How long until so many tokens (at most the burst) are there."""
        self._refill(now)
        return max(0.0, (min(tokens, self.burst) - self._tokens) / self.rate)

    def _refill(self, now: float) -> None:
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = max(self._at, now)


@dataclass(frozen=True, slots=True)
class Beat:
    """What one beat of the daemon saw: CPU of the machine in per cent, and how late the beat was in seconds."""

    cpu: float
    late: float


class BusyJudge:
    """Too busy after `beats` bad beats in a row, well again after as many good ones.

    A beat is bad when the machine has no processor to spare and the daemon itself feels it: a machine that is busy
    with something of lower priority serves calls as well as ever.
    """

    def __init__(self, cpu: float, late: float, beats: int) -> None:
        """`cpu` in per cent, `late` in seconds."""
        self._cpu, self._late, self._beats = cpu, late, beats
        self._in_a_row = 0
        self.busy = False

    def judge(self, beat: Beat) -> bool:
        """Take a beat; whether it is too busy now."""
        bad = beat.cpu >= self._cpu and beat.late >= self._late
        self._in_a_row = self._in_a_row + 1 if bad != self.busy else 0
        if self._in_a_row >= self._beats:
            self.busy, self._in_a_row = bad, 0
        return self.busy


class CpuMeter:
    """The machine's CPU from lines of /proc/stat (proc_stat(5)), in per cent of all its processors."""

    def __init__(self) -> None:
        self._busy = self._total = 0

    def percent(self, first_line: str) -> float:
        """Since the last time; 0 the first time."""
        fields = [int(field) for field in first_line.split()[1:9]]
        total, idle = sum(fields), fields[3] + fields[4]
        busy, before = total - idle, (self._busy, self._total)
        self._busy, self._total = busy, total
        return 100.0 * (busy - before[0]) / (total - before[1]) if before[1] and total > before[1] else 0.0
