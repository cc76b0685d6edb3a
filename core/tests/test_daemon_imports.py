"""What the daemon must never import, and what it may not even need."""

import subprocess
import sys

UNWANTED = ["rq", "redis", "textual", "fastapi", "starlette", "uvicorn", "alembic", "jinja2", "typer", "rich.console"]


def test_the_daemon_imports_no_redis_textual_or_web_framework() -> None:
    code = f"import jackfield.jackfieldd, sys; print([m for m in {UNWANTED} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
