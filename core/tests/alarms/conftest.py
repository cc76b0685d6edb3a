from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/test.db")
    migrate(made, [CORE])
    yield made
    made.close()
