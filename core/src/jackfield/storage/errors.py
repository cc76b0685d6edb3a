"""Errors of the database."""

from __future__ import annotations

from jackfield.errors import JackfieldError, Recovery


class StorageError(JackfieldError):
    """The database refused or could not be reached; what was to be written was not."""

    recovery = Recovery.RETRY


class MigrationFailed(JackfieldError):
    """A migration failed or cannot be run; the tables are as they were before."""

    recovery = Recovery.GIVE_UP_PLUGIN

    def __init__(self, owner: str, revision: str, message: str) -> None:
        """`owner` is `core` or a plugin; `revision` is the one that failed."""
        super().__init__(message)
        self.owner = owner
        self.revision = revision
