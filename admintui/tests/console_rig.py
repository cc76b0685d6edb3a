"""The console over a real daemon: the simulator's, with its control API on a real socket and a real database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jackfield import i18n
from jackfield.testing import Simulator
from jackfield_admintui.app import ConsoleApp
from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Link

SITE = """
[general]
title = "Acme Ltd"

[[trunk]]
name = "carrier"
host = "192.0.2.7"

[[extension]]
name = "201"
title = "Ann"

[[extension]]
name = "202"
title = "陈静"

[[agent]]
name = "1001"
title = "Ann"

[[queue]]
name = "sales"
agents = ["1001"]

[[did]]
name = "main"
number = "5550100"
destination = "extension:201"

[[did]]
name = "sales"
number = "5550101"
destination = "queue:sales"
"""
SIZES = [(80, 24), (120, 40)]
LANGUAGES = ["en", "zh"]


DESK = Path(__file__).with_name("site_desk.py")


def settle(pbx: Simulator, patch: pytest.MonkeyPatch) -> None:
    """Let the daemon's processes work on the simulator's site, and take Asterisk's part (`site_desk.py`)."""
    settings = pbx.folder / "jackfield.toml"
    settings.write_text(
        f'database = "sqlite:///{pbx.folder}/jackfield.db"\n'
        f'[paths]\nstate = "{pbx.folder}"\nrun = "{pbx.folder}"\nspool = "{pbx.folder}"\n'
    )
    patch.setenv("JACKFIELD_SETTINGS", str(settings))
    patch.setattr(pbx.daemon.site_processes, "_command", (sys.executable, str(DESK)))


class Seat:
    """Somebody at the console."""

    def __init__(self, app: ConsoleApp, pilot: Any) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> Any:
        return self.app.screen

    async def until(self, ready: Callable[[], Any], what: str = "") -> Any:
        """Wait for a condition; on failure show what is on the screen."""
        for _ in range(1600):
            try:
                found = ready()
            except Exception as error:
                found, what = None, what or repr(error)
            if found:
                return found
            await self.pilot.pause(0.025)
        raise AssertionError(f"{what or ready}\n{self.text()}")

    async def sees(self, *words: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(word in self.text() for word in words), f"not seen: {words}")

    async def no_longer_sees(self, word: str) -> None:
        await self.until(lambda: word not in self.text(), f"still seen: {word}")

    async def presses(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def opens(self, key: str, heading: str) -> None:
        """By the menu."""
        await self.presses("g", key)
        await self.until(lambda: isinstance(self.screen, ConsoleScreen) and self.screen.crumb == heading, heading)

    async def calm(self) -> None:
        """Wait until nothing that was asked is under way."""
        await self.until(lambda: not any(worker.is_running for worker in self.app.workers), "it is never calm")
        await self.pilot.pause()

    def text(self) -> str:
        """What is on the screen."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in lines)


def at_console(
    path: Path,
    work: Callable[[Seat], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    language: str = "en",
    first: str = "overview",
    reports: Path | None = None,
) -> None:
    """Run `work` at a console that speaks to the daemon at `path`."""

    async def sit() -> None:
        i18n.use(language)
        app = ConsoleApp(Link(path), first=first, reports=reports)
        app.theme = "jackfield"
        async with seated(app, size) as seat:
            await work(seat)

    asyncio.run(sit())


@asynccontextmanager
async def seated(app: ConsoleApp, size: tuple[int, int]):
    async with app.run_test(size=size) as pilot:
        yield Seat(app, pilot)
