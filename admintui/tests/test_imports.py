"""What the console must never import: it may run on a machine account that can read no database."""

import subprocess
import sys

UNWANTED = ["sqlmodel", "sqlalchemy", "alembic", "rq", "redis", "jinja2", "jackfield.daemon", "jackfield.storage"]


def test_the_console_imports_no_database() -> None:
    code = f"import jackfield_admintui.app, sys; print([m for m in {UNWANTED} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
