import pytest
from jackfield.storage.engine import Database
from jackfield.storage.testing import postgres_server


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
