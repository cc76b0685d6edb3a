"""Fixtures and marks for all tests of the workspace."""

from __future__ import annotations

import resource

import pytest
from hypothesis import settings

# Machines are noisy: no test may fail for being slow.
settings.register_profile("jackfield", deadline=None)
settings.load_profile("jackfield")
# What a test has opened may wait for the garbage collector: thousands of descriptors in a long run.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, min(16384, _hard)) if _hard > 0 else _soft, _hard))
pytest_plugins = ["rig.pytest_plugin", "jackfield.testing.plugin"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says why a test was run a second time: a flake's cause stands in its first failure."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first failure of {report.nodeid}", sep="-")
        terminalreporter.write_line(report.longreprtext[-6000:])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks that follow from what a test is."""
    for item in items:
        # What runs on a PostgreSQL server as well as on SQLite is quick on SQLite alone.
        if "[postgresql" in item.nodeid:
            item.add_marker(pytest.mark.slow)
        # Real sound in real time on a shared machine: one more try, which the summary shows as a rerun.
        live = item.get_closest_marker("journey") or item.get_closest_marker("packages")
        if live or item.path.parent.name == "journeys":
            item.add_marker(pytest.mark.flaky(reruns=1))
