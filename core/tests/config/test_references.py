"""Marked values are found wherever they are in a model."""

from typing import Annotated

from jackfield.config.check import check_site
from jackfield.config.kinds import Destination, Kind, Name, Refers, Secret, SiteObject
from jackfield.config.references import marked
from jackfield.config.site import Site
from jackfield.routing.destinations import DestinationKind, End
from pydantic import BaseModel, Field


class Option(BaseModel):
    to: Destination | None = None


class Thing(SiteObject):
    first: Destination
    maybe: Destination | None = None
    many: list[Destination] = Field(default_factory=list)
    by_key: dict[str, Destination] = Field(default_factory=dict)
    options: list[Option] = Field(default_factory=list)
    by_name: dict[str, Option] | None = None
    hours: Annotated[Name, Refers("hours")] | None = None
    team: list[Annotated[Name, Refers("extension")]] = Field(default_factory=list)
    secret: Secret | None = None
    plain: str = "queue:not-a-destination"


def test_finds_every_place():
    thing = Thing(
        name="t",
        first="a:1",
        maybe="a:2",
        many=["a:3", "a:4"],
        by_key={"1": "a:5"},
        options=[Option(), Option(to="a:6")],
        by_name={"x": Option(to="a:7")},
        hours="office",
        team=["201"],
        secret="abcdefgh",
    )
    found = {(m.path, m.value): type(m.mark).__name__ for m in marked(thing)}
    assert found == {
        (("first",), "a:1"): "IsDestination",
        (("maybe",), "a:2"): "IsDestination",
        (("many", 0), "a:3"): "IsDestination",
        (("many", 1), "a:4"): "IsDestination",
        (("by_key", "1"), "a:5"): "IsDestination",
        (("options", 1, "to"), "a:6"): "IsDestination",
        (("by_name", "x", "to"), "a:7"): "IsDestination",
        (("hours",), "office"): "Refers",
        (("team", 0), "201"): "Refers",
        (("secret",), "abcdefgh"): "IsSecret",
    }


def test_a_plugins_own_checks_and_kinds(kinds):
    kind = Kind("thing", Thing, "Things", lambda site: ["thing:t is odd; make it even", "all is lost"])
    place = DestinationKind("place", "Place", lambda call, name: End(), lambda site: ["here"])
    site = Site({"thing": [Thing(name="t", first="place:here", maybe="place:there", many=["gone:x"])]})
    found = check_site(site, kinds | {"thing": kind}, [place])
    texts = {(p.kind, p.name, p.path, p.absent): p.text for p in found}
    assert "did you mean 'here'?" in texts["thing", "t", ("maybe",), False]
    assert "destinations of kind 'gone'" in texts["thing", "t", ("many", 0), True]
    assert texts["thing", "t", (), False] == "is odd; make it even"
    assert texts["thing", "", (), False] == "all is lost"
