"""Nothing typed is lost when the console itself is killed."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

from jackfield_admintui.editing.kept import Keeper, Kept
from jackfield_admintui.editing.left_behind import LeftBehind
from textual.widgets import Input


def test_only_what_a_console_that_is_gone_has_left_is_found(tmp_path: Path) -> None:
    mine, other = Keeper(tmp_path), Keeper(tmp_path)
    mine.keep(1, Kept("trunk", "carrier", 3, {"host": "192.0.2.9"}))
    assert other.left_behind() == []  # it lives
    os.close(mine._lock)  # as the kernel does when it is killed
    mine._lock = -1
    ((path, kept),) = other.left_behind()
    assert (kept.kind, kept.name, kept.revision, kept.texts) == ("trunk", "carrier", 3, {"host": "192.0.2.9"})
    assert path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0
    path.unlink()
    assert other.left_behind() == [] and not path.parent.exists()


def test_a_file_that_is_broken_or_huge_is_no_harm(tmp_path: Path) -> None:
    mine = Keeper(tmp_path)
    mine.keep(1, Kept("trunk", "carrier", 3, {}))
    folder = mine._folder
    os.close(mine._lock)
    mine._lock = -1
    for content in ("", "[]", '{"texts": 3}', '{"kind": "x"}', "x" * ((1 << 20) + 1), "\x00"):
        (folder / "1.json").write_text(content)
        assert Keeper(tmp_path).left_behind() == []


def test_a_place_that_cannot_be_written_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeper = Keeper(tmp_path / "file/under")
    keeper.keep(1, Kept("trunk", "carrier", 3, {}))
    keeper.forget(1)
    assert keeper.left_behind() == []
    keeper.close()


def files(state: Path) -> list[Path]:
    return list(state.glob("*/*.json"))


class Terminal:
    """The console as a process of its own, on a terminal."""

    def __init__(self, socket: Path) -> None:
        command = [sys.executable, "-m", "jackfield_admintui.main", "--socket", str(socket), "site-trunks"]
        self.pid, self._side = pty.fork()
        if self.pid == 0:
            environment = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", "LANG": "C.UTF-8"}
            os.execve(command[0], command, {**os.environ, **environment})
        self.seen, self._ready = "", select.poll()
        self._ready.register(self._side, select.POLLIN)

    def sees(self, word: str) -> None:
        end = time.monotonic() + 60
        while word not in self.seen:
            assert time.monotonic() < end, f"{word} is not seen in {self.seen[-2000:]}"
            if self._ready.poll(1000):
                self.seen += os.read(self._side, 1 << 16).decode("utf-8", "replace")

    def types(self, keys: str) -> None:
        os.write(self._side, keys.encode())

    def killed(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._side)


def test_a_killed_consoles_unsaved_fields_are_offered_and_saved(office, state: Path) -> None:
    terminal = Terminal(office.socket)
    try:
        terminal.sees("192.0.2.7")
        terminal.types("\r")
        terminal.sees("Carrier's address")  # the help of the field that has the keys
        terminal.types("9")  # at the end of the host
        terminal.sees("1 unsaved")
        deadline = time.monotonic() + 30
        while not files(state):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        terminal.killed()

    async def later(seat):
        await seat.until(lambda: isinstance(seat.screen, LeftBehind))
        await seat.sees("trunk carrier: host")
        await seat.presses("escape")

    office.console(later)  # asked again the next time
    assert files(state)

    async def takes(seat):
        await seat.until(lambda: isinstance(seat.screen, LeftBehind))
        await seat.presses("y")
        await seat.sees("● 1 unsaved")
        assert seat.screen.query_one("#entry-host Input", Input).value == "192.0.2.79"
        assert len(files(state)) == 1  # this console's own
        await seat.presses("ctrl+s")
        await seat.until(lambda: seat.screen.place == "overview")

    office.console(takes)
    assert office.object("trunk", "carrier")["host"] == "192.0.2.79"
    assert files(state) == []

    async def nothing(seat):
        await seat.sees("Overview")
        assert not isinstance(seat.screen, LeftBehind)

    office.console(nothing)


def test_secrets_are_not_kept_and_what_is_given_up_is_gone(office, state: Path) -> None:
    async def work(seat):
        await seat.opens("T", "Trunks")
        await seat.sees("192.0.2.7")
        await seat.presses("enter")
        await seat.sees("Trunks: carrier")
        await seat.until(lambda: seat.screen.form)
        for field, text in (("number", "5550100"), ("secret", "hush-hush")):
            seat.screen.query_one(f"#entry-{field} Input", Input).value = text
        await seat.until(lambda: files(state))
        (file,) = files(state)
        await seat.until(lambda: "5550100" in file.read_text())
        assert "hush" not in file.read_text()
        await seat.presses("escape")
        await seat.sees("Leave without saving?")
        await seat.presses("y")
        await seat.until(lambda: not file.exists())

    office.console(work)
