"""The frame around every screen: state, menu, help, palette, trouble."""

from __future__ import annotations

import pytest
from console_rig import SIZES


@pytest.mark.parametrize("size", SIZES)
def test_the_overview_shows_the_site_and_a_call(pbx, console, size) -> None:
    async def work(seat):
        await seat.sees("Acme Ltd", "● daemon", "● Asterisk", "Overview", "0 now")
        caller = pbx.caller("7001", dials="5550100")
        await seat.sees("1 now")
        caller.hangs_up()
        await seat.sees("0 now")

    console(work, size=size)
