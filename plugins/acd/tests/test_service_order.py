"""Who is served first, by whom, and who is let in: with the whole daemon over a simulated Asterisk."""

from __future__ import annotations

import pytest
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin

SITE = """
[[caller-list]]
name = "vip"
numbers = ["55504*"]
priority = 5

[[caller-list]]
name = "anns"
numbers = ["5550777"]

[[did]]
name = "first"
number = "5550100"
destination = "queue:sales"

[[did]]
name = "lifted"
number = "5550101"
destination = "queue:sales"
priority = 3

[[did]]
name = "other"
number = "5550102"
destination = "queue:other"

[[extension]]
name = "201"

[[extension]]
name = "202"

[[agent]]
name = "1001"
extension = "201"
own_callers = "anns"

[[agent]]
name = "1002"
extension = "202"
"""
SALES = """
[[queue]]
name = "sales"
agents = ["1001", "1002"]
announce_position = false
wrapup_seconds = 0
"""
OTHER = """
[[queue]]
name = "other"
agents = ["1001"]
announce_position = false
wrapup_seconds = 0
"""


@pytest.fixture
def serve():
    """A Jackfield whose queues sales and other have more fields; nobody is logged in."""
    boxes = []

    def make(sales="", other=""):
        boxes.append(Simulator({"acd": AcdPlugin}, site=SITE + SALES + sales + OTHER + other))
        return boxes[-1]

    yield make
    for pbx in boxes:
        pbx.close()


def in_line(pbx, number, **to):
    caller = pbx.caller(number, **to)
    caller.hears_music()
    return caller


def served(pbx, extension, count):
    """The numbers on an agent's display, one after the other."""
    phone, numbers = pbx.phone(extension), []
    for _ in range(count):
        phone.rings()
        numbers.append(phone.shows)
        phone.answers()
        phone.hangs_up()
    return numbers


def test_priority_by_caller_by_number_called_and_by_age(serve):
    """Lists and called numbers lift a caller by points of 10 s each, and so does the time in line."""
    pbx = serve("priority_seconds = 10\n")
    in_line(pbx, "5550201")
    pbx.clock.advance(25)
    in_line(pbx, "5550202")
    in_line(pbx, "5550401")
    in_line(pbx, "5550203", dials="5550101")
    pbx.clock.advance(60)
    in_line(pbx, "5550402")
    pbx.phone("201").dials("*11").is_over()
    assert served(pbx, "201", 5) == ["5550401", "5550203", "5550201", "5550202", "5550402"]


def test_the_longest_wait_over_all_queues_of_an_agent(serve):
    pbx = serve()
    in_line(pbx, "5550201", dials="5550102")
    pbx.clock.advance(1)
    in_line(pbx, "5550202")
    pbx.clock.advance(1)
    in_line(pbx, "5550203", dials="5550102")
    pbx.phone("201").dials("*11").is_over()
    assert served(pbx, "201", 3) == ["5550201", "5550202", "5550203"]


@pytest.mark.parametrize("here", [True, False])
def test_a_named_customer_has_a_named_agent(serve, here):
    """Who waits for the own agent so long as the queue says; with that agent gone anybody serves."""
    pbx = serve("own_agent_seconds = 30\n")
    for phone in ("202", "201") if here else ("202",):
        pbx.phone(phone).dials("*11").is_over()
    caller = pbx.caller("5550777")
    phone = pbx.phone("201" if here else "202")
    phone.rings()
    phone.answers()
    caller.talks_to(phone)


def test_a_named_agent_who_is_busy_is_waited_for_and_then_no_more(serve):
    pbx = serve("own_agent_seconds = 30\n")
    pbx.phone("202").dials("*11").is_over()
    pbx.phone("201").dials("*11").is_over()
    pbx.phone("201").dials("*13").is_over()
    caller = pbx.caller("5550777")
    caller.hears_music()
    pbx.phone("202").does_not_ring()
    caller.waits(31)
    pbx.phone("202").rings()


def test_linear_rings_the_next_when_the_first_is_busy_or_does_not_answer(serve):
    pbx = serve('strategy = "linear"\n')
    for phone in ("202", "201"):
        pbx.phone(phone).dials("*11").is_over()
    first, second = pbx.phone("201"), pbx.phone("202")
    caller = pbx.caller("5550201")
    first.rings()
    second.does_not_ring()
    first.refuses()
    second.rings()
    second.answers()
    caller.talks_to(second)
    pbx.clock.advance(10)
    other = pbx.caller("5550202")
    first.rings()
    first.answers()
    other.talks_to(first)


def test_overflow_to_another_queue_keeps_the_time_waited(serve):
    """By the longest wait; there the caller is in front of who came later, though into that queue before."""
    pbx = serve('max_wait = 30\noverflow = "queue:other"\n')
    in_line(pbx, "5550201")
    pbx.clock.advance(10)
    in_line(pbx, "5550202", dials="5550102")
    pbx.clock.advance(21)
    queues = {q["name"]: q for q in pbx.ask("queues")}
    assert pbx.until(lambda: [len(q["waiting"]) for q in pbx.ask("queues")] in ([0, 2], [2, 0])), queues
    pbx.phone("201").dials("*11").is_over()
    assert served(pbx, "201", 2) == ["5550201", "5550202"]


def test_overflow_of_a_queue_that_is_full(serve):
    pbx = serve('max_length = 1\noverflow = "queue:other"\n')
    in_line(pbx, "5550201")
    second = pbx.caller("5550202")
    second.call.goes_to("queue:other")


@pytest.mark.parametrize(
    ("needs", "talking", "paused"), [("logged-in", True, True), ("not-paused", True, False), ("free", False, False)]
)
def test_admission_by_staff(serve, needs, talking, paused):
    """With nobody there all are refused; else it hangs on what the only agent does."""
    pbx = serve(f'join_needs = "{needs}"\nempty = "hangup:busy"\n')
    phone = pbx.phone("202")
    pbx.caller("5550201").is_refused(17)
    phone.dials("*11").is_over()
    first = pbx.caller("5550202")
    phone.rings()
    phone.answers()
    first.talks_to(phone)
    for number, let_in in (("5550203", talking), ("5550204", paused)):
        caller = pbx.caller(number)
        if let_in:
            caller.hears_music()
            caller.hangs_up()
        else:
            caller.is_refused(17)
        pbx.ask("acd.agent.pause", agent="1002", reason="")
        phone.hangs_up()
        first.is_over()


def test_wrap_up_and_pause_hold_in_all_queues(serve):
    pbx = serve("", "")
    pbx.apply(SITE + SALES.replace("wrapup_seconds = 0", "wrapup_seconds = 20") + OTHER)
    phone = pbx.phone("201")
    phone.dials("*11").is_over()
    pbx.caller("5550201")
    phone.rings()
    phone.answers()
    phone.hangs_up()
    in_line(pbx, "5550202", dials="5550102")
    pbx.clock.advance(19)
    phone.does_not_ring()
    pbx.clock.advance(2)
    phone.rings()
    phone.answers()
    phone.dials("*13")
    in_line(pbx, "5550203")
    in_line(pbx, "5550204", dials="5550102")
    phone.hangs_up()
    pbx.clock.advance(60)
    phone.does_not_ring()
