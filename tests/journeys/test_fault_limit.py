"""More calls than the daemon takes: each further one is refused at once, and on record."""

from __future__ import annotations

from journeys.faults import channels, served, settings, wait_music
from journeys.pbx import Pbx
from rig import wait_for


def test_calls_beyond_the_limit_are_refused(pbx: Pbx) -> None:
    """Three lines, three callers in them; the next four are told 503; when one leaves, the next gets in."""
    with settings(pbx, "[agi]\nmax_calls = 3\n[overload]\nretry_after = false\n"):
        pbx.login("201")
        pbx.dial_code("201", "*13")
        inside = []
        for _ in range(3):
            number = pbx.number()
            inside.append(pbx.call("5550500", number))
            wait_for(lambda number=number: number in pbx.waiting("basic"), 10, f"{number} in line")
        refused = {number: pbx.call("5550500", number) for number in (pbx.number() for _ in range(4))}
        for number, call in refused.items():
            ended = call.wait_ended(10)
            assert ended.final_code == 503, (number, ended.final_code)
            assert ended.ended_at is not None and ended.invite_at is not None
            assert ended.ended_at - ended.invite_at < 3, "a refusal must come at once"
            record = pbx.record(number)
            assert (record["result"], record["cause"], record["did"]) == ("rejected", 42, "5550500"), record
            assert record["trunk"] == "carrier"
        assert len(pbx.waiting("basic")) == 3 and len(channels(pbx)) == 3
        for call in inside:
            assert call.dialog.ended_at is None
            wait_music(call, call.dialog.answered_at or 0.0, within=60)
        inside[0].hang_up()
        wait_for(lambda: pbx.ask("status")["calls"] == 2, 10, "a free line")
        served(pbx)
        for call in inside[1:]:
            call.hang_up()
        wait_for(lambda: channels(pbx) == [], 10, "the end of all calls")
    pbx.wait_ready()
