import pytest
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.testing import postgres_server


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Core's tables in a database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/jackfield.db"
    else:
        url = request.getfixturevalue("postgres").fresh()
    found = Database(url)
    migrate(found, [CORE])
    yield found
    found.close()
