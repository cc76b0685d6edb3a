"""Fixtures for journeys: load with `pytest_plugins = ["rig.pytest_plugin"]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .node import Node
from .run import Run

NodeFactory = Callable[..., Node]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--rig-pcap DIR: keep every party's packets, to look at a failure."""
    parser.addoption(
        "--rig-pcap", type=Path, default=None, metavar="DIR", help="write each party's packets to DIR/NAME.pcap"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line("markers", "journey: whole calls over real Asterisk, as root")


@pytest.fixture(scope="session")
def rig_run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """One run for the whole session; everything in it is removed at its end."""
    folder = request.config.getoption("--rig-pcap", None)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with Run(pcap_dir=folder) as run:
        yield run


@pytest.fixture
def make_node(rig_run: Run) -> Iterator[NodeFactory]:
    """Makes nodes (arguments as for Run.node) that are switched off when the test ends."""
    made: list[Node] = []

    def factory(name: str, **options: object) -> Node:
        node = rig_run.node(name, **options)  # type: ignore[arg-type]
        made.append(node)
        return node

    yield factory
    for node in made:
        node.power_cut()
