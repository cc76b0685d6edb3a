"""pytest's plugin, found by its entry point: the fixtures for tests of plugins.

A test module (or conftest.py) says what is under test by two fixtures of its own:

    @pytest.fixture
    def jackfield_plugins():
        return {"hello": HelloPlugin}

    @pytest.fixture
    def jackfield_site():
        return SITE  # TOML

and its tests take `jackfield_daemon` (a `Simulator`), `caller` (who has just called the site's first DID), or, for
journeys over a real Asterisk, `node` (see `jackfield.testing.rig`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from jackfield.testing.people import Caller
    from jackfield.testing.rig import Node
    from jackfield.testing.simulator import Simulator


@pytest.fixture
def jackfield_plugins() -> dict[str, type]:
    """The plugins under test, name → class: those that are installed, unless a test says otherwise."""
    from importlib.metadata import entry_points

    return {point.name: point.load() for point in entry_points(group="jackfield.plugins")}


@pytest.fixture
def jackfield_site() -> str:
    """The site of the tests, in TOML."""
    return ""


@pytest.fixture
def jackfield_settings() -> dict[str, Any]:
    """The settings of the box, as in jackfield.toml."""
    return {}


@pytest.fixture
def jackfield_daemon(
    jackfield_plugins: dict[str, type], jackfield_site: str, jackfield_settings: dict[str, Any]
) -> Iterator[Simulator]:
    """A Jackfield with the plugins under test, over a fake Asterisk."""
    from jackfield.testing.simulator import Simulator

    with Simulator(jackfield_plugins, site=jackfield_site, settings=jackfield_settings) as made:
        yield made


@pytest.fixture
def caller(jackfield_daemon: Simulator) -> Caller:
    """Somebody who has just called the site's first DID."""
    return jackfield_daemon.caller()


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A machine with a real Asterisk, Jackfield, and the .deb of the project in pytest's root folder."""
    from jackfield.testing.rig import installed

    with installed(request.config.rootpath) as found:
        yield found
