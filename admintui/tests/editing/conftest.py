"""Kinds as the daemon describes them; a console whose daemon has a site to work on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from console_rig import SITE, Seat, at_console, settle
from jackfield.config.forms import describe_kinds
from jackfield.config.objects import core_kinds
from jackfield.control.client import request
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin
from jackfield_admintui.editing.fields import KindSpec, kind_spec
from jackfield_ivr.plugin import IvrPlugin


@pytest.fixture(scope="session")
def specs() -> dict[str, KindSpec]:
    kinds = [*core_kinds(), *AcdPlugin().jackfield_site_kinds(), *IvrPlugin().jackfield_site_kinds()]
    return {each["kind"]: kind_spec(each) for each in describe_kinds(kinds)}


class Office:
    """A console, and the daemon under it."""

    def __init__(self, pbx: Simulator, patch: pytest.MonkeyPatch) -> None:
        self.pbx, self.patch = pbx, patch
        self.socket = pbx.folder / "control.sock"

    def ask(self, method: str, **params: Any) -> Any:
        """Ask the daemon, as another program would."""
        return request(method, path=self.socket, seconds=60, **params)

    def object(self, kind: str, name: str) -> dict[str, Any]:
        """An object's fields in the draft."""
        found: dict[str, Any] = self.ask("site.get", kind=kind, name=name)["fields"]
        return found

    def names(self, kind: str) -> list[str]:
        return [each["name"] for each in self.ask("site.objects", kind=kind)]

    def console(self, work: Callable[[Seat], Awaitable[None]], **options: Any) -> None:
        """Do `work` at the console."""
        at_console(options.pop("path", self.socket), work, **options)


@pytest.fixture(scope="module")
def building() -> Iterator[Office]:
    """One daemon for all tests of a module: starting one costs most of a test."""
    with (
        pytest.MonkeyPatch.context() as patch,
        Simulator({"ivr": IvrPlugin, "acd": AcdPlugin}, site=SITE) as pbx,
    ):
        settle(pbx, patch)
        made = Office(pbx, patch)
        yield made
        pbx.daemon.site_processes.renew()


@pytest.fixture
def office(building: Office) -> Office:
    """The site as it was at first; generations of tests before stay."""
    building.ask("site.import", text=SITE, meanwhile="replace")
    return building
