"""Control methods that search call records and show one; `records` in core_methods.py gives whole records."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from jackfield.control.method import Caller, Method, Role
from jackfield.errors import JackfieldError
from jackfield.privacy import methods as privacy_methods
from jackfield.privacy.mask import mask_record
from jackfield.records.queries import find_call
from jackfield.records.search import search_calls
from jackfield.storage.engine import Database

Value = Annotated[str, Field(max_length=100)]
CallId = Annotated[str, Field(min_length=1, max_length=150, description="The call's id")]


def methods(database: Database) -> list[Method]:
    """Control methods."""

    def search(
        text: Annotated[str, Field(max_length=80, description="Within numbers, names, queue, agent, trunk, id")] = "",
        direction: Value = "",
        trunk: Value = "",
        did: Value = "",
        number: Annotated[str, Field(max_length=80, description="The caller's number")] = "",
        extension: Value = "",
        queue: Value = "",
        agent: Value = "",
        destination: Value = "",
        result: Value = "",
        since: Annotated[AwareDatetime | None, Field(description="From when; with a zone")] = None,
        until: Annotated[AwareDatetime | None, Field(description="Before when; with a zone")] = None,
        after: Annotated[str, Field(max_length=150, description="`next` of the page before")] = "",
        limit: Annotated[int, Field(ge=1, le=1000, description="How many at most")] = 200,
    ) -> dict[str, Any]:
        """Call records, a line each, newest first, a page at a time: `rows`, and `next` for the following page."""
        asked = {
            "direction": direction, "trunk": trunk, "did": did, "caller_number": number, "extension": extension,
            "queue": queue, "agent": agent, "destination": destination, "result": result,
        }  # fmt: skip
        columns = {name: value for name, value in asked.items() if value}
        return search_calls(
            database, text=text, columns=columns, since=since, until=until, after=after, limit=limit
        )  # fmt: skip

    def show(caller: Caller, call: CallId, unmask: privacy_methods.Unmask = False) -> dict[str, Any]:
        """One call record with its path and its legs; of a call that goes on, what is on record so far."""
        privacy_methods.check_unmask(caller, unmask)
        found = find_call(database, call)
        if found is None:
            raise JackfieldError(f"there is no record of call {call[:40]!r}")
        return found.as_json() if unmask else mask_record(found.as_json())

    about = "{text}{number}"
    return [
        Method("records.search", search, Role.OPERATOR, personal=True, object=about),
        Method("records.show", show, Role.OPERATOR, personal=True, object="{call}"),
    ]
