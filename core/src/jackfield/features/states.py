"""What people have set for their extensions: do-not-disturb and forwarding. It outlives daemon and machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, SQLModel, select

from jackfield.calls.party import clean_number
from jackfield.errors import JackfieldError, UnsafeValue
from jackfield.storage.engine import UTCDateTime
from jackfield.storage.statements import upsert

if TYPE_CHECKING:
    from jackfield.config.objects.extension import Extension
    from jackfield.core import Storage

log = structlog.get_logger(__name__)


class ExtensionStateRow(SQLModel, table=True):
    """An extension's state. A forward that is null is the site's; an empty one is off."""

    __tablename__ = "extension_state"

    extension: str = Field(primary_key=True, max_length=64)
    dnd: bool = False
    forward_always: str | None = Field(default=None, max_length=40)
    forward_busy: str | None = Field(default=None, max_length=40)
    forward_no_answer: str | None = Field(default=None, max_length=40)
    changed_at: datetime = Field(sa_type=UTCDateTime)


_UPSERT = upsert(ExtensionStateRow.__table__, list(ExtensionStateRow.model_fields), ["extension"])  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class UserState:
    """What a user has set. A forward is a number, '' for none, or None for what the site says."""

    dnd: bool = False
    forward_always: str | None = None
    forward_busy: str | None = None
    forward_no_answer: str | None = None

    def over(self, extension: Extension) -> UserState:
        """This, with the site's forwards where the user has none of his own."""

        def own(value: str | None, site: str | None) -> str:
            return (site or "") if value is None else value

        return UserState(
            self.dnd,
            own(self.forward_always, extension.forward_always),
            own(self.forward_busy, extension.forward_busy),
            own(self.forward_no_answer, extension.forward_no_answer),
        )


FORWARDS = tuple(f.name for f in fields(UserState) if f.name != "dnd")


class UserStates:
    """All extensions' states: read from memory, written to the database at once. Safe with many threads."""

    def __init__(self, storage: Storage) -> None:
        """Nothing is read yet."""
        self._storage = storage
        self._lock = threading.Lock()
        self._states: dict[str, UserState] = {}
        self.changed: Callable[[str, UserState], None] = lambda extension, state: None
        """Told of each change, on the thread that makes it."""

    def load(self) -> None:
        """Read what is stored; when the database is away, everybody is as the site says."""
        try:
            with self._storage.session() as session:
                rows = session.exec(select(ExtensionStateRow)).all()
        except SQLAlchemyError as error:
            log.error("extension_states.unreadable", error=str(error))
            return
        with self._lock:
            self._states = {
                r.extension: UserState(r.dnd, r.forward_always, r.forward_busy, r.forward_no_answer) for r in rows
            }

    def get(self, extension: str) -> UserState:
        """An extension's state."""
        return self._states.get(extension) or UserState()

    def undisturbed(self) -> list[str]:
        """Extensions that do not want to be disturbed."""
        with self._lock:
            return sorted(name for name, state in self._states.items() if state.dnd)

    def change(self, extension: str, **values: bool | str | None) -> UserState:
        """Change some of an extension's values.

        Raises:
            UnsafeValue: a forward is not a number.
            JackfieldError: it could not be stored; nothing has changed.
        """
        for name, value in values.items():
            if name in FORWARDS and value and clean_number(str(value)) != value:
                raise UnsafeValue(f"{str(value)[:40]!r} is not a number to forward to; write digits, as in 202")
        with self._lock:
            state = replace(self._states.get(extension) or UserState(), **values)  # type: ignore[arg-type]
            row = {"extension": extension, "changed_at": datetime.now(UTC)} | asdict(state)
            try:
                with self._storage.session() as session:
                    session.connection().execute(_UPSERT, row)
                    session.commit()
            except SQLAlchemyError as error:
                log.error("extension_states.not_stored", extension=extension, error=str(error))
                raise JackfieldError(
                    f"the state of extension {extension} could not be stored: {type(error).__name__}; is the database "
                    "there, and its disk not full? Nothing has changed"
                ) from error
            self._states[extension] = state
        self.changed(extension, state)
        return state
