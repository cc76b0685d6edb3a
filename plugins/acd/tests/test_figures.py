"""Figures of intervals: known cases, and that whatever happened the parts add up to the whole."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.reports.report import make
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.models import Models
from jackfield_acd import eventlog, reports
from jackfield_acd.eventlog import Entry, EventRow, What
from jackfield_acd.figures import AgentFigures, Every, QueueFigures, intervals, of_agents, of_queues
from jackfield_acd.reports import Of
from sqlmodel import Session, delete

START = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def at(seconds):
    return START + timedelta(seconds=seconds)


class Log:
    """Entries, written as the journal writes them."""

    def __init__(self):
        self.entries = []

    def add(self, what, when, call="", agent="", queue="sales", step=1, **detail):
        self.entries.append(Entry(len(self.entries) + 1, at(when), what, call, step, queue, agent, detail))

    def visit(
        self, call, came, hold, how, length=0.0, wrap=0.0, agent="1001", queue="sales", step=1, outcome="timed out"
    ):
        where = {"call": call, "queue": queue, "step": step}
        if how == "refused":
            self.add(What.REFUSED, came, **where, outcome="full", caller="")
            return
        self.add(What.ENTERED, came, **where, caller="", position=1, priority=0, brought=0.0)
        left = came + hold
        if how == "answered":
            self.add(What.CONNECTED, left, agent=agent, **where, hold=hold, ring=1.0, leg="", target=20)
            talk = {"hold": hold, "talk": length, "position": 1, "by": "agent"}
            self.add(What.COMPLETED, left + length, agent=agent, **where, **talk)
            self.add(What.WRAPPED_UP, left + length + wrap, agent=agent, **where, seconds=wrap)
        elif how == "abandoned":
            self.add(What.ABANDONED, left, **where, position=1, first=1, wait=hold, target=20)
        elif how == "exited":
            self.add(What.EXITED, left, **where, outcome=outcome, position=1, first=1, wait=hold, target=20)

    def shift(self, agent, login, pauses, logout):
        """`pauses` are pairs of times between the others."""
        self.add(What.LOGGED_IN, login, agent=agent, queue="", phone="201")
        for begun, over in pauses:
            self.add(What.PAUSED, begun, agent=agent, queue="", reason="", queues=[])
            self.add(What.UNPAUSED, over, agent=agent, queue="", reason="", seconds=over - begun, queues=[])
        self.add(What.LOGGED_OUT, logout, agent=agent, queue="", phone="201", seconds=logout - login)

    def sorted(self):
        return sorted(self.entries, key=lambda e: (e.at, e.id))


def hours(count):
    return list(intervals(at(0), at(3600 * count), Every.HOUR, ZoneInfo("UTC")))


def test_an_hour_of_a_queue():
    log = Log()
    log.visit("c1", 0, 5, "answered", 60, 10)
    log.visit("c2", 10, 25, "answered", 30, 10)
    log.visit("c3", 20, 8, "abandoned")
    log.visit("c4", 30, 40, "abandoned")
    log.visit("c5", 40, 100, "exited")
    log.visit("c6", 50, 0, "refused")
    log.visit("c7", 60, 0, "waits")
    log.visit("c8", 70, 15, "exited", outcome="empty")
    log.visit("c9", 80, 3, "exited", outcome="key 2")
    log.visit("c10", 90, 3, "exited", outcome="call-back")
    log.visit("c11", 90, 3, "exited", outcome="dropped by a supervisor")
    log.visit("c12", 90, 30, "exited", outcome="moved by a supervisor")
    row = of_queues(log.sorted(), hours(1))[0, "sales"].as_row()
    assert row == {
        "offered": 11, "answered": 2, "abandoned": 2, "exited": 6, "in_line": 1, "refused": 1, "lost": 0,
        "within": 1, "abandoned_within": 1, "hold": 30.0, "talk": 90.0, "wrap": 20.0, "longest_wait": 100.0,
        "callbacks": 0, "called_back": 0, "callbacks_failed": 0, "callbacks_cancelled": 0,
        "timed_out": 2, "timed_out_within": 1, "withdrawn": 2, "withdrawn_within": 1,
        # (1 + 1 + 1 + 1) of (2 + 2 + 2 + 2); keys do not count
        "service_level": 50.0, "service_level_2": 50.0, "asa": 15.0, "aht": 55.0,
    }  # fmt: skip


def test_personal_service_is_left_out():
    log = Log()
    log.visit("c1", 0, 10, "answered", 100, 5)
    log.visit("c2", 10, 10, "answered", 5000, 5)
    log.add(What.PERSONAL, 60, "c2", "1001")
    (found,) = of_queues(log.sorted(), hours(1)).values()
    assert (found.offered, found.answered, found.talk, found.wrap) == (1, 1, 100, 5)


def test_a_caller_counts_where_he_came_and_an_agents_time_where_it_passed():
    log = Log()
    log.shift("1001", 1800, [(5400, 5700)], 9000)
    log.visit("c1", 3590, 20, "answered", 3600, 30)
    queues, agents = of_queues(log.sorted(), hours(3)), of_agents(log.sorted(), hours(3), at(10800))
    assert list(queues) == [(0, "sales")] and queues[0, "sales"].talk == 3600
    times = {n: (a.logged_in, a.paused, a.talk, a.wrap, a.answered) for (n, _), a in agents.items()}
    assert times == {0: (1800, 0, 0, 0, 0), 1: (3600, 300, 3590, 0, 1), 2: (1800, 0, 10, 30, 0)}
    assert agents[2, "1001"].as_row()["occupancy"] == 2.2


def test_what_has_not_ended_lasts_until_now():
    log = Log()
    log.add(What.LOGGED_IN, 0, agent="1001", queue="", phone="201")
    log.add(What.ENTERED, 10, "c1", caller="", position=1, priority=0, brought=0.0)
    log.add(What.CONNECTED, 20, "c1", "1001", hold=10.0, ring=1.0, leg="", target=20)
    found = of_agents(log.sorted(), hours(1), at(100))[0, "1001"]
    assert (found.logged_in, found.talk, found.answered) == (100, 80, 1)


@pytest.mark.parametrize(
    ("every", "count", "seconds"), [(Every.QUARTER, 96, 900), (Every.HOUR, 24, 3600), (Every.DAY, 2, None)]
)
def test_intervals_are_those_of_the_zone(every, count, seconds):
    cut = list(intervals(START, START + timedelta(days=1), every, BERLIN))
    assert len(cut) == count and cut[0][0] == START and cut[-1][1] == START + timedelta(days=1)
    assert all(a[1] == b[0] for a, b in pairwise(cut))
    if seconds:
        assert {(end - start).total_seconds() for start, end in cut} == {seconds}
    else:  # the day of the spring forward has 23 hours, of which one has passed in UTC's day
        assert cut[0][1] == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours_long"),
    [
        ("Europe/Berlin", (2026, 3, 29), 23),
        ("Europe/Berlin", (2026, 10, 25), 25),
        ("Australia/Lord_Howe", (2026, 4, 5), 24.5),  # half an hour of summer time
        ("Australia/Lord_Howe", (2026, 10, 4), 23.5),
        ("Asia/Kathmandu", (2026, 10, 25), 24),  # 5:45 ahead of UTC
        ("America/Havana", (2026, 3, 8), 23),  # the clock is put forward at midnight
    ],
)
def test_a_day_on_which_the_clocks_change(zone, day, hours_long):
    """Each interval begins at a full quarter, hour or midnight of the wall clock, and a day is as long as it is."""
    zone = ZoneInfo(zone)
    since = datetime(*day, tzinfo=zone).astimezone(UTC)
    until = since + timedelta(hours=hours_long)
    for every, minutes in ((Every.QUARTER, 15), (Every.HOUR, 60)):
        cut = list(intervals(since, until, every, zone))
        assert cut[0][0] == since and cut[-1][1] == until
        assert all(a[1] == b[0] and a[0] < a[1] for a, b in pairwise(cut))
        odd = [begun for begun, _ in cut[1:] if begun.astimezone(zone).minute % minutes]
        assert all(_changes(begun, zone) for begun in odd), "only a change of the clocks begins one in between"
        assert all(end - begun <= timedelta(minutes=minutes) for begun, end in cut)
    two = list(intervals(since, until + timedelta(hours=5), Every.DAY, zone))
    assert two == [(since, until), (until, until + timedelta(hours=5))]


def _changes(moment, zone):
    before = moment - timedelta(seconds=1)
    return moment.astimezone(zone).utcoffset() != before.astimezone(zone).utcoffset()


def test_an_hour_that_comes_twice_is_two_intervals():
    """25 October, 2:30 summer time and 2:30 winter time: a caller in each, none in the other's."""
    log = Log()
    change = (datetime(2026, 10, 25, 0, 30, tzinfo=UTC) - START).total_seconds()
    log.visit("c1", change, 10, "answered", 60)
    log.visit("c2", change + 3600, 30, "answered", 60)
    since = datetime(2026, 10, 24, 22, tzinfo=UTC)
    cut = list(intervals(since, since + timedelta(hours=25), Every.HOUR, BERLIN))
    found = of_queues(log.sorted(), cut)
    assert {number: one.hold for (number, _), one in found.items()} == {2: 10, 3: 30}
    assert [cut[number][0].astimezone(BERLIN).hour for number in (2, 3)] == [2, 2]


def test_an_agents_morning_by_hand():
    """At work 3,600 s less a pause of 600: talks of 300 and 240 s with 60 s of notes each are 22 % of 3,000 s."""
    log = Log()
    log.shift("1001", 0, [(1000, 1600)], 3600)
    log.visit("c1", 90, 10, "answered", 300, 60)
    log.visit("c2", 1990, 30, "answered", 240, 60)
    row = of_agents(log.sorted(), hours(1), at(3600))[0, "1001"].as_row()
    assert row == {
        "answered": 2, "unanswered": 0, "logged_in": 3600, "paused": 600, "talk": 540, "wrap": 120, "occupancy": 22.0,
    }  # fmt: skip
    queue = of_queues(log.sorted(), hours(1))[0, "sales"].as_row()
    assert (queue["asa"], queue["aht"]) == (20.0, 330.0)


@pytest.mark.parametrize(
    ("zone", "came", "hour", "day"),
    [
        ("Asia/Kathmandu", (2026, 10, 25, 0, 30), (0, 15), (18, 15)),  # 5:45 ahead: its hours begin at a quarter past
        ("Asia/Kolkata", (2026, 10, 24, 18, 20), (17, 30), (18, 30)),
        ("Europe/Berlin", (2026, 10, 25, 0, 30), (0, 0), (22, 0)),  # 25 hours long
        ("UTC", (2026, 10, 25, 0, 30), (0, 0), (0, 0)),
    ],
)
def test_reports_are_cut_in_the_sites_zone(written, zone, came, hour, day):
    moment = datetime(*came, tzinfo=UTC)
    log = Log()
    offset = (moment - START).total_seconds()
    log.visit("c1", offset, 10, "answered", 60, agent="1001")
    log.shift("1001", offset - 1, [], offset + 200)
    since, until = moment - timedelta(days=2), moment + timedelta(days=2)
    table = written(log.entries)
    found = {report.name: make(report, table, since, until, ZoneInfo(zone)) for report in reports.reports()}
    for of in ("queue", "agent"):
        (by_hour,), (by_day,) = found[f"{of}-hours"], found[f"{of}-days"]
        assert (by_hour[0].hour, by_hour[0].minute) == hour and by_hour[0] <= moment < by_hour[1]
        assert by_hour[1] - by_hour[0] == timedelta(hours=1) and by_hour[0].tzinfo is UTC
        assert (by_day[0].hour, by_day[0].minute) == day and by_day[0] <= moment < by_day[1]
        hours_long = 25 if zone == "Europe/Berlin" else 24
        assert by_day[1] - by_day[0] == timedelta(hours=hours_long)


_HOW = st.sampled_from(["answered", "abandoned", "exited", "refused", "waits"])
_VISIT = st.tuples(
    st.integers(0, 20_000), st.integers(0, 9000), _HOW,
    st.integers(0, 9000), st.integers(0, 3600), st.sampled_from(["a1", "a2"]), st.sampled_from(["sales", "service"]),
)  # fmt: skip
_SHIFT = st.lists(st.integers(0, 20_000), min_size=2, max_size=12, unique=True).map(sorted)
_CUTS = st.lists(st.integers(1, 19_999), max_size=10, unique=True).map(sorted)


def whole_and_parts(found):
    """Sums by name, of all intervals."""
    total = {}
    for (_, name), one in found.items():
        total.setdefault(name, type(one)()).add(one)
    return {name: {f.name: round(getattr(one, f.name), 3) for f in fields(one)} for name, one in total.items()}


@given(st.lists(_VISIT, max_size=12), st.lists(_SHIFT, max_size=3), _CUTS)
def test_parts_add_up_to_the_whole(visits, shifts, cuts):
    log = Log()
    for number, (came, hold, how, talk, wrap, agent, queue) in enumerate(visits):
        log.visit(f"c{number // 2}", came, hold, how, talk, wrap, agent, queue, step=number % 2)
    for number, times in enumerate(shifts):
        pauses = list(zip(times[1:-1:2], times[2:-1:2], strict=False))
        log.shift(f"a{number}", times[0], pauses, times[-1])
    edges = [0, *cuts, 20_000]
    parts = [(at(a), at(b)) for a, b in pairwise(edges)]
    one = [(at(0), at(20_000))]
    entries, now = log.sorted(), at(50_000)
    assert whole_and_parts(of_queues(entries, parts)) == whole_and_parts(of_queues(entries, one))
    assert whole_and_parts(of_agents(entries, parts, now)) == whole_and_parts(of_agents(entries, one, now))
    for figures in of_queues(entries, parts).values():
        assert figures.offered == figures.answered + figures.abandoned + figures.exited + figures.in_line
    offered = sum(f.offered + f.refused for f in of_queues(entries, parts).values())
    assert offered == sum(came < 20_000 for came, *_ in visits), "nobody is counted twice, nobody is left out"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """For tests that commit nothing."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('figures')}/jackfield.db")
    migrate(database, [CORE, Models("acd", "jackfield_acd.migrations")])
    yield database
    database.close()


@pytest.fixture
def written(table):
    """Takes entries, for others to read; they are gone afterwards."""

    def write(entries):
        with Session(table.engine) as session:
            eventlog.save(session, entries)
            session.commit()
        return table

    yield write
    with Session(table.engine) as session:
        session.exec(delete(EventRow))
        session.commit()


@settings(max_examples=15)
@given(st.lists(_VISIT, max_size=8), _CUTS)
def test_what_is_asked_of_the_table_is_enough(table, visits, cuts):
    """Each part asked for by itself, the parts are those of the whole."""
    log = Log()
    log.shift("a1", 100, [(300, 400)], 19_000)
    for number, (came, hold, how, talk, wrap, agent, queue) in enumerate(visits):
        log.visit(f"c{number}", came, hold, how, talk, wrap, agent, queue)
    one, now = [(at(0), at(20_000))], datetime.now(UTC)
    whole = {Of.QUEUES: of_queues(log.sorted(), one), Of.AGENTS: of_agents(log.sorted(), one, now)}
    with Session(table.engine) as session:
        eventlog.save(session, log.entries)
        for of, kind in ((Of.QUEUES, QueueFigures), (Of.AGENTS, AgentFigures)):
            parts = {}
            for a, b in pairwise([0, *cuts, 20_000]):
                for row in reports.rows(session, at(a), at(b), of, None, BERLIN):
                    name = (0, row[of.removesuffix("s")])
                    parts.setdefault(name, kind()).add(kind(**{f.name: row[f.name] for f in fields(kind)}))
            assert whole_and_parts(parts) == whole_and_parts(whole[of])
