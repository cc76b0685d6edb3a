import pytest
from jackfield.privacy.bindings import Bindings
from jackfield.storage.engine import Database
from privacy_rig import SITE, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bindings(database: Database, clock: Clock) -> Bindings:
    made = Bindings(database, clock, lambda: SITE, clock)
    made.load()
    return made
