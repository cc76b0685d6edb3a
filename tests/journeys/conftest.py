"""One installed Jackfield for all journeys: built, installed by apt, configured and staffed as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journeys.faults import answered, gaps, talk_with
from journeys.pbx import SITE, Pbx
from journeys.softphone import Softphone, registered
from rig import Call, Phone
from rig.audio import TONES
from rig.pytest_plugin import make_node  # noqa: F401
from rig.run import Run

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "packaging/deb/build.py"
PBX = pytest.StashKey[Pbx]()
FAILED = pytest.StashKey[BaseException]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are journeys."""
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker("journey")


@pytest.fixture(scope="session")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with all packages: $JACKFIELD_DEBS, or built from this checkout (from the cache when nothing changed)."""
    given = os.environ.get("JACKFIELD_DEBS")
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, str(BUILD), "--out", str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def rig_run() -> Iterator[Run]:
    """One run for the whole session; everything in it is removed at its end."""
    pcaps = os.environ.get("JACKFIELD_PCAP_DIR")
    if pcaps:
        Path(pcaps).mkdir(parents=True, exist_ok=True)
    with Run(pcap_dir=Path(pcaps) if pcaps else None) as run:
        yield run


@pytest.fixture(scope="session")
def shared_pbx(rig_run: Run, debs: Path, request: pytest.FixtureRequest) -> Pbx:
    """The PBX of the session; tests take `pbx`. Where it cannot be had, each of them says the reason."""
    stash = request.session.stash
    if FAILED in stash:
        raise stash[FAILED]
    try:
        found = stash[PBX] = Pbx(rig_run, rig_run.node("pbx"), debs)
        found.install()
        found.apply_site(SITE)
    except BaseException as error:
        stash[FAILED] = error
        raise
    return found


@pytest.fixture
def pbx(shared_pbx: Pbx) -> Iterator[Pbx]:
    """The PBX with its phones answering; afterwards no call is left and nobody is logged in."""
    shared_pbx.reset_phones()
    yield shared_pbx
    shared_pbx.settle()


@pytest.fixture(scope="session")
def registered_handsets(shared_pbx: Pbx) -> Iterator[dict[str, Softphone]]:
    """Softphones of the extensions 251 to 253, registered; tests take `handsets`."""
    tones = dict(zip(("251", "252", "253"), TONES[-7:-4], strict=True))
    with registered(shared_pbx.run.party("handsets"), shared_pbx.node.address, tones) as found:
        yield found


@pytest.fixture
def handsets(registered_handsets: dict[str, Softphone], pbx: Pbx) -> dict[str, Softphone]:
    """The softphones 251 to 253, idle; they answer soon."""
    for phone in registered_handsets.values():
        phone.reset()
    return registered_handsets


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Attaches the end of the daemon's log to a failure."""
    report = yield
    found = item.session.stash.get(PBX, None)
    if report.failed and found is not None and found.node.running:
        report.sections.append(("jackfieldd", found.logs(30)))
        report.sections.append(("asterisk", found.node.journal("asterisk", 8)))
    return report


@pytest.fixture
def busy_ann(pbx: Pbx) -> tuple[Phone, Call, Call]:
    """Ann (1001, phone 201) is the only agent and talks: her phone, the caller's call, her call."""
    pbx.staff("201")
    ann = pbx.phone("201")
    return ann, *answered(pbx, "5550500", pbx.number(), ann)


@pytest.fixture
def unchanged(pbx: Pbx) -> Iterator[int]:
    """The generation in force; afterwards it is in force again and its site is the draft, whatever happened."""
    before = pbx.ask("status")["generation"]
    yield before
    try:
        if pbx.ask("status")["generation"] != before:
            pbx.jackfield("rollback", str(before))
    finally:
        pbx.jackfield("discard")


@pytest.fixture
def talk(pbx: Pbx) -> Iterator[Callable[[], None]]:
    """A talk that goes on meanwhile; the function fails if it had a gap."""
    pbx.staff("201")
    call, rung = talk_with(pbx, "5550500", pbx.number(), pbx.phone("201"))
    begun = time.monotonic()

    def check() -> None:
        end = time.monotonic() - 0.5
        assert call.dialog.ended_at is None
        assert gaps(call.heard, rung.tone, begun, end) < 0.3 and gaps(rung.heard, call.tone, begun, end) < 0.3

    yield check
    call.hang_up()
