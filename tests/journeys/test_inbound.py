"""Inbound routes (T3): what a call is chosen by, and that `route test in` says beforehand what then happens."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from journeys.pbx import Pbx, Record, path_of, together
from rig import hangup, wait


def placed(pbx: Pbx, did: str, number: str, trunk: str = "carrier") -> tuple[dict[str, Any], Record]:
    """What `route test in` says of a call, and the record of that call, just made."""
    told = pbx.ask("route.test.in", trunk=trunk, did=did, caller=number)
    carrier = pbx.carrier if trunk == "carrier" else pbx.zh_carrier
    carrier.call(did, from_number=number, plan=[wait(0.3), hangup()]).wait_ended(20)
    return told, pbx.record(number)


def test_what_is_told_is_what_happens(pbx: Pbx) -> None:
    """Ranges, callers by pattern and list, order, trunk, hours of two zones, holidays, special dates, conditions."""
    morning = datetime.now(UTC).hour < 12
    far, near = ("prompt:pattern", "prompt:exact") if morning else ("prompt:exact", "prompt:pattern")
    cases = [
        ("5552100", "5551", "carrier", "range", "prompt:exact"),
        ("5552149", "5551", "carrier", "range", "prompt:exact"),
        ("5552150", "5551", "carrier", "ordered", "prompt:wrong-caller"),
        ("5552120", "5554", "carrier", "range-friends", "prompt:pattern"),
        ("5552120", "5556", "carrier", "range-callers", "prompt:come-back"),
        ("5552299", "5551", "zhtrunk", "any-of-zhtrunk", "prompt:exact"),
        ("5552299", "5551", "carrier", None, "hangup:unallocated"),
        ("5552120", "5558", "carrier", None, "hangup:blocked"),
        ("5552301", "5551", "carrier", "morning", near),
        ("5552302", "5551", "carrier", "morning-far", far),
        ("5552303", "5551", "carrier", "special", "prompt:come-back"),
    ]
    numbers = [pbx.number(case[1]) for case in cases]
    done = together(
        *(lambda d=d, n=n, t=t: placed(pbx, d, n, t) for (d, _, t, _, _), n in zip(cases, numbers, strict=True))
    )
    for (did, _, _, route, end), (told, record) in zip(cases, done, strict=True):
        assert (told["route"], told["ends_at"]) == (route, end), (did, told)
        assert (record["destination"], record["language"]) == (end, told["language"]), (did, record)
        assert record["why"].rsplit(" at ", 1)[0] == told["why"].rsplit(" at ", 1)[0]
        assert [c["route"] for c in told["candidates"] if c["taken"]] == ([route] if route else told_of_blocked(told))
    special = done[-1][1]
    assert path_of(special)[:2] == [("time:special", "open"), ("time:yearly", "closed")]
    assert done[4][1]["language"] == "zh"


def told_of_blocked(told: dict[str, Any]) -> list[str]:
    """A blocked caller's call has a route that would have taken it."""
    return ["range"] if told["destination"] == "hangup:blocked" else []


def test_a_caller_without_a_number(pbx: Pbx) -> None:
    """`anonymous` takes calls that withhold it, in Chinese as that route says."""
    call = pbx.carrier.call("5552101", from_number="anonymous")
    pbx.wait_hears(call, "come-back", "zh")
    call.wait_ended(10)


def test_shares_of_calls(pbx: Pbx) -> None:
    """75 and 25 of a hundred: three and one of any four calls, told beforehand; by caller: always the same."""
    numbers = [pbx.number() for _ in range(8)]
    told_and_done = [placed(pbx, "5552305", number) for number in numbers]
    assert all(told["ends_at"] == record["destination"] for told, record in told_and_done)
    assert Counter(r["destination"] for _, r in told_and_done) == {"prompt:exact": 6, "prompt:pattern": 2}
    assert {path_of(r)[0] for _, r in told_and_done} == {("split:trial", "75 %"), ("split:trial", "25 %")}
    faithful = [pbx.number() for _ in range(6)]
    first = together(*(lambda n=n: placed(pbx, "5552306", n) for n in faithful))
    assert all(told["ends_at"] == record["destination"] for told, record in first)
    assert len({record["destination"] for _, record in first}) == 2 or len(set(faithful)) < 6
    for number, (told, _) in zip(faithful[:2], first, strict=False):
        pbx.call("5552306", number, plan=[wait(0.3), hangup()]).wait_ended(20)
        assert {r["destination"] for r in pbx.records(number, 2)} == {told["ends_at"]}


def test_the_command(pbx: Pbx) -> None:
    """In words and as JSON, by the site in force and by the draft, for another time; wrong questions are refused."""
    asked = ["--trunk", "carrier", "--did", "5552120", "--from", "55540001"]
    words = pbx.jackfield("route", "test", "in", *asked).stdout.splitlines()
    assert words[0].startswith("55540001 calls 5552120 over carrier at ")
    assert "→ did range-friends: the first whose number, trunk and callers fit (5552100-5552149)" in words
    assert "  did range: did range-friends comes before it: it is for fewer callers" in words
    assert "  did range-callers: only for callers _5556XXXXX, anonymous" in words
    assert "  on the list friends: priority 5" in words
    hours = ["--trunk", "carrier", "--did", "5552301"]
    for at, end in (("2026-03-02T11:59", "prompt:exact"), ("2026-03-02T12:00", "prompt:pattern")):
        assert pbx.jackfield("route", "test", "in", *hours, "--at", at, "--json")["ends_at"] == end
    text = pbx.site_text()
    changed = text.replace('open = ["mon-sun 00:00-12:00"]', 'open = ["mon-sun 12:00-24:00"]')
    try:
        pbx.node.write_file("/root/site.toml", changed)
        pbx.jackfield("import", "/root/site.toml")
        asked = [*hours, "--at", "2026-03-02T11:59", "--json"]
        assert pbx.jackfield("route", "test", "in", "--draft", *asked)["ends_at"] == "prompt:pattern"
        assert pbx.jackfield("route", "test", "in", *asked)["ends_at"] == "prompt:exact"
    finally:
        pbx.node.write_file("/root/site.toml", text)
        pbx.jackfield("import", "/root/site.toml")
    refused = pbx.jackfield("route", "test", "in", "--trunk", "carier", "--did", "1", check=False)
    assert (refused.returncode, "did you mean 'carrier'?" in refused.stderr) == (1, True)
