"""The machine's page, and the screens that plugins bring."""

from __future__ import annotations

from jackfield.control import system_methods
from jackfield.control.method import Method, Role
from jackfield.surfaces import Screen


def test_the_machine_shows_certificates_and_what_apt_has_newer(pbx, console, monkeypatch) -> None:
    told = [
        {"package": "asterisk", "installed": "1:22.1", "candidate": "1:22.2", "newer": True},
        {"package": "jackfield", "installed": "0.1.0", "candidate": "0.1.0", "newer": False},
    ]
    update = Method("system.updates", lambda: {"packages": told, "looked_at": "2026-11-22T10:00:00+00:00"}, Role.VIEWER)
    pbx.daemon.control._core["system.updates"] = update
    valid = [{"path": "/tls/jackfield.crt", "until": "2020-01-01T00:00:00+00:00"}]
    monkeypatch.setattr(system_methods, "validity", lambda paths: valid)

    async def work(seat):
        await seat.opens("z", "Machine")
        await seat.sees("certificate expired on", "1:22.1, newer: 1:22.2", "apt looked last")

    console(work, size=(120, 50))


def test_a_plugin_brings_a_screen_with_its_own_method(pbx, console) -> None:
    declared = pbx.daemon.host.statuses["acd"].declared["jackfield_screens"]
    declared.append(Screen("acd.balances", "Balances", "toy_screens:Balances", key="X"))
    rows = [{"name": "Acme", "left": 12}, {"name": "陈静", "left": 7}]
    pbx.daemon.control._core["acd.balances"] = Method("acd.balances", lambda: rows, Role.VIEWER)

    async def work(seat):
        await seat.sees("Acme")
        await seat.presses("g", "X")
        await seat.sees("Plugins › Balances", "陈静", "12")
        await seat.presses("question_mark")
        await seat.sees("What each customer still has.")

    console(work)
