"""Back-ups at the console: make one, break the site, restore it."""

from __future__ import annotations

import pytest
from console_rig import LANGUAGES, SITE
from jackfield_admintui.ops.backups import Backups


def test_made_checked_restored_and_removed(pbx, console) -> None:
    async def work(seat):
        await seat.app.link.ask("site.import", text=SITE, meanwhile="replace")
        await seat.app.link.ask("site.apply", reason="begin")
        await seat.opens("B", "Back-ups")
        await seat.sees("n makes one")
        await seat.presses("n")
        await seat.sees("With the recordings too?")
        await seat.presses("n")
        await seat.sees("by hand", "Generation", "without")
        await seat.presses("v")
        await seat.sees("is whole")
        await seat.app.link.ask("site.set", kind="extension", name="201", fields={"title": "Somebody"})
        await seat.app.link.ask("site.apply", reason="worse")
        await seat.presses("r")
        await seat.sees("Restore the site of", "Call records stay")
        await seat.presses("y")
        await seat.sees("before a restore", "What was here before")
        assert pbx.daemon.calls.site.names("extension")
        found = await seat.app.link.ask("site.get", kind="extension", name="201")
        assert found["fields"]["title"] == "Ann"
        assert not pbx.daemon.over.is_set()
        assert isinstance(seat.screen, Backups)
        assert seat.screen.grid.go_to(next(row["name"] for row in seat.screen.grid.rows if row["why"] == "before"))
        await seat.presses("x")
        await seat.sees("Remove 1 back-ups for good?")
        await seat.presses("y")
        await seat.no_longer_sees("before a restore")

    console(work, size=(120, 40))


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_its_keys_are_told_on_a_small_screen(pbx, console, language) -> None:
    async def work(seat):
        await seat.presses("g", "B")
        await seat.until(lambda: seat.screen.place == "backups")
        displays = [f"{key} " for key in ("n", "v", "r", "A", "x", "?")]

        def told() -> bool:
            line = seat.text().rstrip().splitlines()[-1]
            return all(f" {each}" in f" {line}" for each in displays) and "…" not in line

        await seat.until(told)

    console(work, size=(80, 24), language=language)


def test_restoring_everything_has_the_daemon_begin_anew(pbx, console) -> None:
    async def work(seat):
        await seat.app.link.ask("site.import", text=SITE, meanwhile="replace")
        await seat.app.link.ask("site.apply", reason="begin")
        await seat.app.link.ask("backup.create")
        await seat.opens("B", "Back-ups")
        await seat.sees("by hand")
        await seat.presses("A")
        await seat.sees("Restore everything of", "talks go on")
        await seat.presses("y")
        await seat.sees("What was here before")
        pbx.clock.advance(2.0)
        assert pbx.daemon.over.is_set(), "systemd starts another"

    console(work)


def test_a_damaged_one_is_told_in_words(pbx, console) -> None:
    async def work(seat):
        made = await seat.app.link.ask("backup.create")
        path = pbx.folder / "backups" / f"{made['name']}.tar.gz"
        path.write_bytes(path.read_bytes()[:-200])
        await seat.opens("B", "Back-ups")
        await seat.sees("by hand")
        await seat.presses("v")
        await seat.sees("damaged")

    console(work)
