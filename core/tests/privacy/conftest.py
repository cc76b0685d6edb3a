import pytest
from jackfield.privacy.bindings import Bindings
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.testing import postgres_server
from privacy_rig import SITE, Clock


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/jackfield.db"
    else:
        url = request.getfixturevalue("postgres").fresh()
    database = Database(url)
    migrate(database, [CORE])
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bindings(database: Database, clock: Clock) -> Bindings:
    made = Bindings(database, clock, lambda: SITE, clock)
    made.load()
    return made
