"""Reasons for which agents pause: a site's own list. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from jackfield.config.kinds import Language, SiteObject
from jackfield.i18n import gettext_for
from pydantic import Field, StringConstraints

from jackfield_acd.errors import UnknownReason

if TYPE_CHECKING:
    from jackfield.config.site import Site

_ = gettext_for("jackfield_acd")
KIND = "pause-reason"


class PauseReason(SiteObject):
    """A reason for which agents pause (A4)."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}$")] = Field(
        description="What agents dial after *13, as in 2: one or two digits"
    )
    text: dict[
        Language, Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]*\w[^\x00-\x1f]*$", max_length=60)]
    ] = Field(min_length=1, description='What people read and hear, as in { en = "Lunch", zh = "午餐" }')
    paid: bool = Field(True, description="Whether it counts as working time in reports")
    notice_minutes: int = Field(
        0, ge=0, le=1440, description="Supervisors get a notice of an agent who is paused for longer; 0 = never"
    )

    @property
    def sound(self) -> str:
        """Name of the prompt that says it."""
        return f"acd-reason-{self.name}"

    def spoken(self) -> dict[str, str]:
        """The text in every language; where one is missing, in another."""
        some = next(iter(self.text.values()))
        return {"en": self.text.get("en", some), "zh": self.text.get("zh", some)}

    def as_row(self) -> dict[str, Any]:
        """For the control API."""
        return self.model_dump()


def reasons(site: Site) -> list[PauseReason]:
    """All of a site's, by code."""
    return sorted(site.all(KIND, PauseReason), key=lambda reason: (len(reason.code), reason.code))


def by_code(site: Site, code: str) -> PauseReason:
    """The reason that an agent dialled.

    Raises:
        UnknownReason: the site has none with this code.
    """
    found = next((reason for reason in reasons(site) if reason.code == code), None)
    if found is None:
        raise UnknownReason(f"there is no reason to pause with the code {code[:10]!r}")
    return found


def named(site: Site, said: str) -> str:
    """The name of a reason that a program or a person gave by name or code; on a site without a list any words do.

    Raises:
        UnknownReason: the site has a list, and this is not on it.
    """
    known = reasons(site)
    if not said or not known:
        return "".join(c for c in said if c.isprintable())
    found = next((reason.name for reason in known if said in (reason.name, reason.code)), None)
    if found is None:
        names = ", ".join(f"{reason.name} ({reason.code})" for reason in known)
        raise UnknownReason(f"there is no reason to pause {said[:40]!r}; choose one of {names}")
    return found


def check(site: Site) -> list[str]:
    """Findings: two reasons with one code."""
    seen: dict[str, str] = {}
    findings = []
    for reason in site.all(KIND, PauseReason):
        other = seen.setdefault(reason.code, reason.name)
        if other != reason.name:
            findings.append(
                _(
                    "pause-reason:{name}: its code {code} is that of pause-reason:{other} already; choose another"
                ).format(name=reason.name, code=reason.code, other=other)
            )
    return findings
