"""Databases of each kind, empty or with core's tables."""

import sys
from pathlib import Path

import pytest
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.testing import postgres_server

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """An empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/jackfield.db"
    else:
        url = request.getfixturevalue("postgres").fresh()
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty):
    """Core's tables in a database of each kind."""
    migrate(empty, [CORE])
    return empty
