"""What `jackfield trunks` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jackfield.config.objects.trunk import Trunk
from jackfield.errors import JackfieldError

if TYPE_CHECKING:
    from jackfield.daemon import Daemon


def describe_trunks(daemon: Daemon) -> list[dict[str, Any]]:
    """One row a trunk: its state and since when, the round trip in milliseconds, its calls now."""
    trips = _round_trips(daemon)
    rows = []
    for known in daemon.trunks.all():
        trunk = daemon.calls.site.get("trunk", known.name, Trunk)
        microseconds = trips.get(known.name, known.round_trip_us)
        rows.append(
            {
                "name": known.name,
                "state": str(known.state),
                "since": known.since.isoformat(timespec="seconds"),
                "round_trip_ms": None if microseconds is None else round(microseconds / 1000, 1),
                "calls": daemon.registry.channels_of(known.name),
                "max_calls": trunk.max_calls if trunk else 0,
                "failed_calls": known.failed_calls,
                "carrier": trunk.uri() if trunk else "",
            }
        )
    return rows


def _round_trips(daemon: Daemon) -> dict[str, int]:
    """The last ones, in microseconds: by itself Asterisk tells one only when the state changes too."""
    try:
        contacts = daemon.asterisk.contact_states(trunk.name for trunk in daemon.trunks.all())
    except JackfieldError:
        return {}
    return {name: int(us) for name, (status, us) in contacts.items() if status == "Reachable" and us.isdigit()}
