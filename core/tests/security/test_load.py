"""The token bucket, and when a machine is too busy."""

from hypothesis import given
from hypothesis import strategies as st
from jackfield.security.load import Beat, Bucket, BusyJudge, CpuMeter

gaps = st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=200)


@given(gaps, st.floats(0.5, 50), st.integers(1, 50))
def test_never_more_than_burst_and_rate_allow(waits, rate, burst):
    bucket, now, taken = Bucket(rate, burst), 100.0, []
    for wait in waits:
        now += wait
        if bucket.take(now):
            taken.append(now)
    for i, first in enumerate(taken):
        for j in range(i, len(taken)):
            assert j - i + 1 <= burst + rate * (taken[j] - first) + 1e-6


@given(st.floats(0.5, 50), st.integers(1, 50))
def test_calls_within_the_rate_are_never_refused(rate, burst):
    bucket = Bucket(rate, burst)
    assert all(bucket.take(10.0 + n * (1 / rate) * 1.0001) for n in range(300))


@given(st.floats(0.5, 50), st.integers(2, 50))
def test_it_tells_when_tokens_are_back(rate, burst):
    bucket = Bucket(rate, burst)
    while bucket.take(50.0):
        pass
    wait = bucket.seconds_until(1.0, 50.0)
    assert not bucket.take(50.0 + wait * 0.9 - 1e-9)
    assert Bucket.take(bucket, 50.0 + wait + 1e-6)


def test_busy_needs_both_and_some_time():
    judge = BusyJudge(95.0, 0.25, 3)
    assert not any(judge.judge(Beat(100.0, 0.0)) for _ in range(20))
    assert not any(judge.judge(Beat(20.0, 5.0)) for _ in range(20))
    assert [judge.judge(Beat(99.0, 0.3)) for _ in range(4)] == [False, False, True, True]
    assert [judge.judge(Beat(10.0, 0.0)) for _ in range(2)] == [True, True]
    assert judge.judge(Beat(99.0, 0.3))
    assert [judge.judge(Beat(10.0, 0.0)) for _ in range(3)] == [True, True, False]


def test_cpu_of_proc_stat():
    meter = CpuMeter()
    assert meter.percent("cpu  100 0 100 800 0 0 0 0 0 0") == 0.0
    assert meter.percent("cpu  150 0 125 825 0 0 0 0 0 0") == 75.0
    assert meter.percent("cpu  150 0 125 825 0 0 0 0 0 0") == 0.0
