"""Fixtures and marks for all tests of the workspace."""

from __future__ import annotations

import pytest

pytest_plugins = ["rig.pytest_plugin"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on a PostgreSQL server as well as on SQLite is quick on SQLite alone."""
    for item in items:
        if "[postgresql" in item.nodeid:
            item.add_marker(pytest.mark.slow)
