"""Trunks (T1) and inbound routes (T3): how calls get in, and where they go."""

from __future__ import annotations

from journeys.parties import Registrar, TcpCaller
from journeys.pbx import Pbx, path_of, together


def test_exact_number_before_pattern(pbx: Pbx) -> None:
    """5550200 has a route of its own; its neighbours match the pattern; a + in front does not matter."""
    numbers = [pbx.number() for _ in range(3)]
    dialled = ["5550200", "5550242", "+5550200"]
    calls = [pbx.call(did, number) for did, number in zip(dialled, numbers, strict=True)]
    for call in calls:
        assert call.wait_ended(15).ended_by == "them"
    for call, prompt, other in zip(calls, ("exact", "pattern", "exact"), ("pattern", "exact", "pattern"), strict=True):
        assert len(pbx.hears(call, prompt)) == 1 and not pbx.hears(call, other)
    records = [pbx.record(number) for number in numbers]
    assert [path_of(r) for r in records] == [[("prompt:exact", "")], [("prompt:pattern", "")], [("prompt:exact", "")]]
    assert [r["did"] for r in records] == dialled
    assert all((r["direction"], r["result"], r["trunk"]) == ("inbound", "completed", "carrier") for r in records)


def test_unknown_number_and_blocked_caller(pbx: Pbx) -> None:
    """404 and 403, before any answer, each with its record."""
    stranger, nuisance = pbx.number(), pbx.number("5558")
    unknown, blocked = pbx.call("5559999", stranger), pbx.call("5550200", nuisance)
    endings = [unknown.wait_ended(10), blocked.wait_ended(10)]
    assert [d.final_code for d in endings] == [404, 403]
    assert all(d.answered_at is None for d in endings)
    records = [pbx.record(stranger), pbx.record(nuisance)]
    assert [(r["result"], r["cause"]) for r in records] == [("rejected", 1), ("rejected", 21)]
    assert [path_of(r) for r in records] == [[("hangup:unallocated", "unallocated")], [("hangup:blocked", "blocked")]]


def test_business_hours(pbx: Pbx) -> None:
    """Outside the hours: the route's own destination; on a holiday: core's "we are closed"; else the usual one."""
    numbers = [pbx.number() for _ in range(3)]
    calls = [pbx.call(did, n) for did, n in zip(("5550300", "5550302", "5550301"), numbers, strict=True)]
    for call, prompt in zip(calls, ("come-back", "closed", "exact"), strict=True):
        pbx.wait_hears(call, prompt)
        call.wait_ended(15)
    paths = [path_of(pbx.record(number)) for number in numbers]
    assert paths == [[("prompt:come-back", "")], [("prompt:closed", "")], [("prompt:exact", "")]]


def test_languages(pbx: Pbx) -> None:
    """Chinese by the trunk, by the number dialled, and by the caller's list; English otherwise."""
    by_trunk, by_did, by_list, plain = pbx.number(), pbx.number(), pbx.number("5557"), pbx.number()
    calls = {
        by_trunk: pbx.zh_carrier.call("5550200", from_number=by_trunk),
        by_did: pbx.call("5550303", by_did),
        by_list: pbx.call("5550200", by_list),
        plain: pbx.call("5550200", plain),
    }
    for number, call in calls.items():
        language, other = ("en", "zh") if number == plain else ("zh", "en")
        pbx.wait_hears(call, "exact", language)
        assert not pbx.hears(call, "exact", other)
        call.wait_ended(10)
        assert pbx.record(number)["language"] == language
    assert pbx.record(by_trunk)["trunk"] == "zhtrunk"


def test_a_route_of_one_trunk_only(pbx: Pbx) -> None:
    """5550299 exists over zhtrunk; over the other trunk the number is the pattern's."""
    inside, outside = pbx.number(), pbx.number()
    calls = pbx.zh_carrier.call("5550299", from_number=inside), pbx.call("5550299", outside)
    pbx.wait_hears(calls[0], "exact", "zh")
    pbx.wait_hears(calls[1], "pattern")


def test_names_of_callers(pbx: Pbx) -> None:
    """A Chinese name reaches the agent's phone and the record as it was sent; quotes are left out of the record."""
    names = ["王小明", 'Zoë "Zed" Ångström']
    phone = pbx.phone("201")
    for name in names:
        number, seen = pbx.number(), len(phone.calls)
        call = pbx.call("5550401", number, from_name=name)
        rung = phone.wait_call(seen + 1)
        rung.wait_answered()
        call.hang_up()
        record = pbx.record(number)
        assert (record["caller_number"], rung.dialog.caller_number) == (number, number)
        shown = rung.dialog.caller_name.replace('\\"', '"')  # as in a quoted string of SIP
        assert (record["caller_name"], shown) == (name.replace('"', ""), name)


def test_a_stranger_gets_nothing(pbx: Pbx) -> None:
    """A caller from an address of no trunk is not let in, and leaves no call behind."""
    stranger = pbx.run.carrier(pbx.node, "stranger")
    number = pbx.number()
    assert stranger.call("5550200", from_number=number).wait_ended(15).final_code == 401
    assert pbx.live(number) == [] and pbx._read(number=number) == []


def test_registration(pbx: Pbx) -> None:
    """The trunk registers with its password where the carrier asks for it, and calls come in by it."""
    party = pbx.run.network.parties["registrar"]
    registrar = Registrar(party, "jackfield-1", "registrar-secret-1")
    try:
        pbx.node.asterisk("pjsip send register registered")
        pbx.node.wait_for(lambda: registrar.contacts, 20, "a REGISTER with the right password")
        assert registrar.challenged >= 1 and registrar.refused == 0
        assert f"jackfield-1@{pbx.node.address}" in registrar.contacts[-1]
        pbx.node.wait_for(
            lambda: "Registered" in pbx.node.asterisk("pjsip show registrations"), 10, "Asterisk to say so"
        )
        number = pbx.number()
        call = pbx.run.carrier(pbx.node, "registrar").call("5550600", from_number=number)
        pbx.wait_hears(call, "exact")
        call.wait_ended(10)
        record = pbx.record(number)
        assert (record["trunk"], record["result"]) == ("registered", "completed")
    finally:
        registrar.close()


def test_registration_with_a_wrong_password(pbx: Pbx) -> None:
    """The carrier refuses: Asterisk does not say it is registered, and the other trunks work on."""
    registrar = Registrar(pbx.run.network.parties["registrar"], "jackfield-1", "another-secret-2")
    try:
        pbx.node.asterisk("pjsip send register registered")
        pbx.node.wait_for(lambda: registrar.refused, 20, "a REGISTER with the wrong password")
        pbx.node.wait_for(lambda: "Rejected" in pbx.node.asterisk("pjsip show registrations"), 10, "Asterisk to say so")
    finally:
        registrar.close()
    call = pbx.call("5550200", pbx.number())
    pbx.wait_hears(call, "exact")


def test_over_tcp(pbx: Pbx) -> None:
    """A trunk whose SIP goes over TCP: answered, heard, hung up by the PBX, on record."""
    number, reference = pbx.number(), pbx.prompt("exact")
    caller = TcpCaller(pbx.run.network.parties["tcppeer"], pbx.node.address, "5550200", number)
    try:
        assert caller.wait_final() == 200
        heard = caller.listen(lambda sound: bool(sound.find(reference, 0.95)), 15)
        assert len(heard.find(reference, 0.95)) == 1
        caller.wait_bye()
    finally:
        caller.close()
    record = pbx.record(number)
    assert (record["trunk"], record["result"], path_of(record)) == ("overtcp", "completed", [("prompt:exact", "")])


def test_calls_of_two_trunks_at_once(pbx: Pbx) -> None:
    """Each is on record with its own trunk."""
    numbers = [pbx.number() for _ in range(6)]
    carriers = [pbx.carrier, pbx.zh_carrier] * 3
    calls = together(
        *(lambda c=c, n=n: c.call("5550200", from_number=n) for c, n in zip(carriers, numbers, strict=True))
    )
    for call in calls:
        assert call.wait_ended(20).final_code == 200
    assert [pbx.record(n)["trunk"] for n in numbers] == ["carrier", "zhtrunk"] * 3


def test_a_trunk_has_so_many_calls(pbx: Pbx) -> None:
    """max_calls 2, six callers at once: two get in, four hear 503; when one has left there is room again."""
    narrow = pbx.run.carrier(pbx.node, "narrow")
    numbers = [pbx.number() for _ in range(6)]
    calls = together(*(lambda n=n: narrow.call("5550100", from_number=n) for n in numbers))
    pbx.node.wait_for(lambda: all(c.dialog.final_code for c in calls), 15, "an answer to every call")
    assert sorted(c.dialog.final_code for c in calls) == [200, 200, 503, 503, 503, 503]
    let_in = next(c for c in calls if c.dialog.final_code == 200)
    let_in.hang_up()
    pbx.node.wait_for(lambda: sum(len(pbx.live(n)) for n in numbers) == 1, 10, "one call to be left")
    number = pbx.number()
    assert narrow.call("5550200", from_number=number).wait_ended(15).final_code == 200
    results = sorted(pbx.record(n)["result"] for n, c in zip(numbers, calls, strict=True) if c.dialog.final_code == 503)
    assert results == ["rejected"] * 4
    assert pbx.record(number)["result"] == "completed"
