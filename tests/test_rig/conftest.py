"""Lets the rig's own tests run by themselves: `pytest tests/test_rig`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]  # `rig`, and the helpers beside the tests

from rig.pytest_plugin import make_node, rig_run  # noqa: E402, F401


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker when the plugin itself is not loaded."""
    config.addinivalue_line("markers", "journey: whole calls over real Asterisk, as root")
