"""What core and plugins declare of their tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Models:
    """Tables of one owner (core or a plugin).

    `package` holds Alembic revisions (`jackfield_acd.migrations`); their version table is `NAME_version`.
    """

    owner: str
    package: str
