"""Call quality (T8): loss, jitter, round trip and MOS of every leg; an alarm while it stays bad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from rig import wait_for

Records = list[dict[str, Any]]
TALK = 6.5
"""Asterisk counts what is lost when it reports, every five seconds."""


@pytest.fixture(scope="session")
def pair(shared_pbx: Pbx) -> Iterator[tuple[Softphone, Softphone]]:
    """Two softphones, 246 and 245, each on a machine of its own."""
    made = []
    for user, tone in (("246", 1000), ("245", 2000)):
        party = shared_pbx.run.party(f"soft{user}")
        made.append(Softphone(party, shared_pbx.node.address, user, f"secret-{user}-abc", tone))
        made[-1].register()
    yield made[0], made[1]
    for phone in made:
        phone.close()


def talks(
    pbx: Pbx,
    pair: tuple[Softphone, Softphone],
    count: int = 1,
    seconds: float = TALK,
    loss: float = 0,
    late: float = 0,
) -> Records:
    """So many talks at once from 246 to 245; their records, with the legs by number."""
    caller, called = pair
    lines = [caller.call("245") for _ in range(count)]
    for line in lines:
        line.media.loss, line.media.late = loss, late
        line.wait("up")
    far = [called.wait_line(n + 1) for n in range(count)]
    wait_for(lambda: all(line.media.seconds >= seconds for line in far), seconds + 10, "the talks", every=0.2)
    for line in lines:
        line.hang_up()
    pbx.node.wait_for(lambda: not pbx.live("246"), 10, "the end of the talks")

    def final() -> Records:
        rows = pbx._read(number="246")[:count]
        return rows if all(row["ended_at"] for row in rows) else []

    found = wait_for(final, 5, "final records")
    caller.reset(), called.reset()
    return found


def test_a_good_line(pbx: Pbx, pair: tuple[Softphone, Softphone]) -> None:
    """Nothing is lost: both legs have a MOS over 4, a codec, a round trip; the list and --json show it."""
    [record] = talks(pbx, pair)
    for leg in record["legs"]:
        assert leg["mos"] > 4.0 and leg["codec"] == "ulaw", leg
        assert (leg["loss_in"], leg["loss_out"]) == (0.0, 0.0), leg
        assert 0 <= leg["jitter_in"] < 20 and 0 < leg["round_trip"] < 50, leg
    [shown] = pbx.jackfield("records", "--number", "246", "--limit", "1", "--json")
    assert [leg["mos"] for leg in shown["legs"]] == [leg["mos"] for leg in record["legs"]]
    assert f"{min(leg['mos'] for leg in record['legs']):.1f}" in pbx.jackfield("records", "--limit", "1").stdout


def test_a_bad_line_raises_an_alarm_until_it_is_well(pbx: Pbx, pair: tuple[Softphone, Softphone]) -> None:
    """20 % of 246's packets are lost, its reports are late: its leg says so, 245 hears it, 246 alone has the alarm.

    With good calls it goes.
    """
    key = "quality:extension:246"
    for record in talks(pbx, pair, 5, loss=0.2, late=0.04):
        [leg] = [leg for leg in record["legs"] if leg["number"] == "246"]
        assert 10 < leg["loss_in"] < 32 and leg["mos"] < 3.6, leg
        assert 35 < leg["round_trip"] < 100, leg
        [other] = [leg for leg in record["legs"] if leg["number"] == "245"]
        assert other["loss_in"] == 0 and 10 < other["loss_out"] < 40, other
        assert 0 < other["round_trip"] < 35, other
    wait_for(lambda: key in raised(pbx), 5, "the alarm")
    assert not [k for k in raised(pbx) if k.startswith("quality:") and k != key]
    for _ in range(3):
        talks(pbx, pair, 7, seconds=1.5)
    wait_for(lambda: key not in raised(pbx), 5, "the all-clear")


def raised(pbx: Pbx) -> list[str]:
    """Keys of the alarms that are raised."""
    return [alarm["key"] for alarm in pbx.jackfield("alarms", "list", "--json")]
