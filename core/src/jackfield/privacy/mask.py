"""Numbers made unreadable for those who may not see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

KIND = "privacy"
_SHOWN_FIRST, _SHOWN_LAST = 3, 2


def mask_number(number: str) -> str:
    """A number with its middle hidden: `+441*****67`; of up to eight digits only the last two are left."""
    digits = number.lstrip("+")
    first = _SHOWN_FIRST if len(digits) > 8 else 0
    hidden = max(0, len(digits) - first - _SHOWN_LAST)
    plus = number[: len(number) - len(digits)] if first else ""
    return plus + digits[:first] + "*" * hidden + digits[first + hidden :]


def is_private(destinations: Iterable[str]) -> bool:
    """Whether a call that was at these destinations went through a middle number."""
    return any(one.startswith(f"{KIND}:") for one in destinations)


def mask_record(record: dict[str, Any]) -> dict[str, Any]:
    """A call record (as JSON) as people may see it: of a call through a middle number, only that number is shown."""
    if not is_private(step["destination"] for step in record["steps"]):
        return record
    legs = [leg | {"number": mask_number(leg["number"])} for leg in record["legs"]]
    hidden = {key: mask_number(record[key]) for key in ("caller_number", "diversion")}
    return record | hidden | {"caller_name": "", "legs": legs}
