"""Alarms: trouble is on the list within seconds, and off it when it has gone."""

from __future__ import annotations

from typing import Any

from journeys.pbx import Pbx


def alarm(pbx: Pbx, key: str) -> dict[str, Any] | None:
    """The alarm, if it is up."""
    return next((a for a in pbx.ask("alarms") if a["key"] == key), None)


def news(pbx: Pbx, key: str) -> list[str]:
    """What happened to an alarm, oldest first."""
    return [entry["what"] for entry in reversed(pbx.ask("alarms.history", key=key))]


def test_asterisk_is_lost_and_comes_back(pbx: Pbx) -> None:
    """Raised while Asterisk is away, acknowledged by the administrator, cleared by itself."""
    before = len(news(pbx, "asterisk-away"))
    pbx.node.systemctl("stop", "asterisk")
    try:
        pbx.node.wait_for(lambda: alarm(pbx, "asterisk-away"), 10, "the alarm")
        done = pbx.jackfield("alarms", "ack", "asterisk-away", "--note", "on it", "--json")
        assert (done["acknowledged_by"], done["note"], done["severity"]) == ("root", "on it", "critical")
        assert any(a["key"] == "asterisk-away" for a in pbx.jackfield("alarms", "list", "--json"))
    finally:
        pbx.node.systemctl("start", "asterisk")
    pbx.wait_ready()
    pbx.node.wait_for(lambda: not alarm(pbx, "asterisk-away"), 10, "the alarm to clear")
    pbx.node.wait_for(lambda: len(news(pbx, "asterisk-away")) == before + 3, 10, "the history")
    assert news(pbx, "asterisk-away")[before:] == ["raised", "acknowledged", "cleared"]
