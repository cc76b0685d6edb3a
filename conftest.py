"""Fixtures for all tests of the workspace."""

pytest_plugins = ["rig.pytest_plugin"]
