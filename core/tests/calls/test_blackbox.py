"""Who was acting when the daemon died. A death here is a copy of the file, which is what a `kill -9` leaves."""

from __future__ import annotations

import random
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls import blackbox
from jackfield.calls.blackbox import GUILTY_DEATHS, BlackBox, State, Turn, judge
from peers import AgiPeer
from service_rig import Daemon, Plugin

STATES = st.sampled_from([State.RESTING, State.ACTING, State.AWAY])


def session(channel: str = "1.1") -> SimpleNamespace:
    return SimpleNamespace(env={"agi_uniqueid": channel}, on_act=None, on_rest=None)


def died(path: Path) -> Path:
    """The file as the next daemon finds it."""
    left = path.with_name(f"{path.name}+")
    shutil.copyfile(path, left)
    return left


@given(st.lists(st.dictionaries(st.sampled_from("abc"), STATES)))
def test_guilty_is_who_acted_at_each_of_the_last_deaths(deaths: list[dict[str, State]]) -> None:
    counts: dict[str, int] = {}
    for at in deaths:
        counts = judge((channel, at.get(channel, State.AWAY), counts.get(channel, 0)) for channel in "abc")
    for channel in "abc":
        told = [at[channel] for at in deaths if at.get(channel, State.AWAY) is not State.AWAY]
        in_a_row = next((n for n, state in enumerate(reversed(told)) if state is not State.ACTING), len(told))
        assert counts.get(channel, 0) == in_a_row


def test_what_a_call_did_outlives_the_daemon(tmp_path: Path) -> None:
    box = BlackBox(tmp_path / "acting")
    acting, resting, over = session("1.1"), session("1.2"), session("1.3")
    with box.seat(over, in_turn=False):
        pass
    with box.seat(acting, in_turn=False), box.seat(resting, in_turn=False):
        resting.on_rest()
        acting.on_rest()
        acting.on_act()
        left = died(tmp_path / "acting")
    assert sorted(blackbox.read(left)) == [("1.1", State.ACTING, 0), ("1.2", State.RESTING, 0)]
    after = BlackBox(left)
    assert [after.deaths(channel) for channel in ("1.1", "1.2", "1.3")] == [1, 0, 0]
    assert BlackBox(died(left)).deaths("1.1") == 1, "it had not come back: that death says nothing"


def test_who_is_busy_to_the_end_stays_so_for_another_thread(tmp_path: Path) -> None:
    """The connection was taken from a handler that hangs; its call rests on another one."""
    box = BlackBox(tmp_path / "acting")
    hangs, goes_on = session(), session()
    with box.seat(hangs, in_turn=False), box.seat(goes_on, in_turn=True):
        goes_on.on_rest()
        hangs.on_act()
        assert blackbox.read(tmp_path / "acting") == [("1.1", State.RESTING, 0)]
    with box.seat(session(), in_turn=True):
        assert blackbox.read(tmp_path / "acting") == [("1.1", State.ACTING, 0)]


def test_more_calls_than_seats_are_served_all_the_same(tmp_path: Path) -> None:
    box = BlackBox(tmp_path / "acting", seats=1)
    first, second = session("1.1"), session("1.2")
    with box.seat(first, in_turn=False), box.seat(second, in_turn=False):
        second.on_rest()
        assert blackbox.read(tmp_path / "acting") == [("1.1", State.ACTING, 0)]


def test_a_stop_is_no_death(tmp_path: Path) -> None:
    box = BlackBox(tmp_path / "acting")
    with box.seat(session(), in_turn=False):
        box.close()
    assert BlackBox(tmp_path / "acting").deaths("1.1") == 0


@pytest.mark.parametrize("content", [b"", b"x", b"jackfield acting 1", b"jackfield acting 2".ljust(480, b"\3")])
def test_rubbish_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "acting").write_bytes(content)
    assert blackbox.read(tmp_path / "acting") == []


def test_a_folder_that_cannot_be_written_costs_only_the_file(tmp_path: Path) -> None:
    box = BlackBox(tmp_path / "nowhere" / "acting")
    noted = session()
    with box.seat(noted, in_turn=True):
        noted.on_rest()


def test_one_after_another_and_past_who_does_not_move() -> None:
    turn, inside, most = Turn(patience=0.2), set[int](), 0

    def come(who: int) -> None:
        nonlocal most
        turn.take(who)
        inside.add(who)
        most = max(most, len(inside))
        time.sleep(0.001)
        inside.discard(who)
        turn.leave(who)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(50)]
    turn.take("hangs")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 1
    turn.leave("hangs")  # who was passed by lets nobody on
    turn.take("next")


class Deadly(Plugin):
    """Brings the daemon down at once, a moment after it has been there, or the moment after it was woken."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.left, self.dead = path, path, threading.Event()

    def waits(self, call, name):
        if call.resumed is None:
            call.checkpoint(place=7)
        self._die()

    def good(self, call, name):
        call.wait(0.02)
        self._die()

    def hangs(self, call, name):
        self._die()

    def _die(self):
        self.left = died(self.path)
        self.dead.set()
        threading.Event().wait(30)


@pytest.mark.parametrize("how", ["waits", "good", "hangs"])
def test_a_call_that_brings_the_daemon_down_goes_to_its_fallback(tmp_path: Path, how: str) -> None:
    path = tmp_path / "acting"
    plugin = Deadly(path)
    deaths, script, arguments = 0, "trunk", ("token", "carrier")
    while deaths < 20:
        daemon = Daemon(plugin, fallback="prompt:other-way")
        plugin.path, plugin.dead = path, threading.Event()
        daemon.calls.blackbox = BlackBox(path)
        peer = AgiPeer(daemon.port, script, arguments, extension=daemon.numbers[how])
        while not plugin.dead.is_set() and not peer.ended.wait(0.01):
            pass
        if not plugin.dead.is_set():
            break
        deaths, path = deaths + 1, plugin.left
        state = [peer.variables.get(name, "") for name in ("JF_AT", "JF_STATE")]
        script, arguments = "resume", ("token", *state, "", "carrier", "")
    assert deaths == GUILTY_DEATHS
    assert daemon.ended().steps[-1].destination == "prompt:other-way"
    assert peer.played() == ["other-way"]
    assert daemon.host.statuses["test"].faults, "its plugin is not told of"


def test_who_waits_stays_in_line_however_often_the_daemon_dies(tmp_path: Path) -> None:
    """Also at deaths in the middle of the return of all."""
    chance, path = random.Random(1), tmp_path / "acting"
    plugin = Plugin()
    states = {}
    daemon = Daemon(plugin, fallback="prompt:other-way")
    daemon.calls.blackbox = BlackBox(path)
    for number in range(30):
        peer = AgiPeer(daemon.port, uniqueid=f"1.{number}", extension=daemon.numbers["waits"])
        while "JF_STATE" not in peer.variables:
            time.sleep(0.002)
        states[number] = peer
    for _ in range(4 * GUILTY_DEATHS):
        path = died(path)
        daemon = Daemon(plugin, fallback="prompt:other-way")
        daemon.calls.blackbox = BlackBox(path)
        for number, before in states.items():
            packed = before.variables["JF_STATE"]
            arguments = ("token", before.variables["JF_AT"], packed, "", "carrier", "")
            states[number] = peer = AgiPeer(daemon.port, "resume", arguments, uniqueid=f"1.{number}")
            peer.variables.setdefault("JF_STATE", packed)
            peer.variables.setdefault("JF_AT", before.variables["JF_AT"])
        time.sleep(chance.uniform(0.0, 0.1))
    time.sleep(0.3)
    assert not any(peer.played() or peer.ended.is_set() for peer in states.values())
