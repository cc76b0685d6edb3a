"""Which news make a message, and when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from jackfield.alarms.grouping import Grouping
from jackfield.alarms.models import Alarm, Entry, Severity, What

NOTICE, WARNING, CRITICAL = Severity
R, C, W, F, E, A = What.RAISED, What.CLEARED, What.WORSENED, What.FLAPPING, What.ESCALATED, What.ACKNOWLEDGED


def entry(what: What, key: str, seconds: float, severity: Severity = WARNING) -> Entry:
    at = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=seconds)
    return Entry(at, what, Alarm(key, "text", severity, "core", {}, at, at))


def played(*steps, until: float = 5000.0, group: float = 10.0, repeat: float = 300.0):
    """Messages as (second, [(what, key)]); steps are (second, what, key[, severity])."""
    grouping, messages, now = Grouping(group, repeat), [], 0.0
    todo = sorted(steps, key=lambda s: s[0])
    while now <= until:
        due = grouping.next_due()
        coming = todo[0][0] if todo else None
        times = [t for t in (due, coming) if t is not None]
        if not times or min(times) > until:
            return messages
        now = max(now, min(times))
        while todo and todo[0][0] <= now:
            at, what, key, *severity = todo.pop(0)
            grouping.add(entry(what, key, at, *severity), at)
        if news := grouping.take(now):
            messages.append((now, [("passed" if n.passed else str(n.entry.what), n.entry.alarm.key) for n in news]))
    return messages


def test_a_burst_is_one_message():
    burst = [(n / 100, R, f"k{n}") for n in range(200)]
    ((at, told),) = played(*burst)
    assert at == 10.0 and len(told) == 200


def test_critical_does_not_wait_and_takes_the_others_with_it():
    assert played((0, R, "a"), (1, R, "b", CRITICAL)) == [(3.0, [("raised", "b"), ("raised", "a")])]


def test_raised_and_cleared():
    assert played((0, R, "a"), (100, C, "a")) == [(10.0, [("raised", "a")]), (120.0, [("cleared", "a")])]
    assert played((0, R, "a"), (5, C, "a")) == [(10.0, [("passed", "a")])]


def test_what_comes_back_soon_is_held_and_dropped_when_it_goes_again():
    steps = [(0, R, "a"), (30, C, "a"), (60, R, "a"), (90, C, "a")]
    assert [told for _, told in played(*steps)] == [[("raised", "a")], [("cleared", "a")]]
    assert played(*steps[:3])[-1] == (310.0, [("raised", "a")])


def test_flapping_is_told_once():
    steps = [(0, R, "a"), (20, C, "a"), (40, R, "a"), (60, C, "a"), (80, R, "a"), (100, C, "a"), (120, R, "a"),
             (125, F, "a"), (800, C, "a")]  # fmt: skip
    told = [what for _, message in played(*steps) for what, _ in message]
    assert told == ["raised", "flapping", "cleared"]


def test_escalation_goes_out_though_it_was_just_told():
    told = [what for _, message in played((0, R, "a"), (60, E, "a")) for what, _ in message]
    assert told == ["raised", "escalated"]


def test_acknowledging_is_no_news():
    assert played((0, A, "a")) == []


def test_a_long_storm_makes_few_messages():
    storm = [(float(n), R, f"k{n}") for n in range(3600)]
    messages = played(*storm, until=10_000)
    assert sum(len(told) for _, told in messages) == 3600
    assert len(messages) <= 25
    assert len([at for at, _ in messages if at < 600]) <= 7


@given(st.lists(st.tuples(st.integers(0, 120), st.sampled_from("abc"), st.sampled_from(list(Severity))), max_size=60))
def test_in_the_end_people_believe_what_is(steps):
    """Whatever comes and goes: once it is quiet, what was told last of an alarm is how it is; never twice the same."""
    now, up, done = 0.0, set(), []
    for gap, key, severity in steps:
        now += gap
        done.append((now, C if key in up else R, key, severity))
        up ^= {key}
    believed: set[str] = set()
    for _, told in played(*done, until=now + 5000):
        assert len({key for _, key in told}) == len(told)
        for what, key in told:
            assert (key in believed) is (what == "cleared")
            believed = believed | {key} if what == "raised" else believed - {key}
    assert believed == up
