"""Who calls over a trunk: from AGI's environment and the headers, hostile ones included."""

from __future__ import annotations

import pytest
from jackfield.calls.identity import Identity, asked, told
from jackfield.calls.party import Party
from jackfield.config.objects.trunk import Trunk
from jackfield.routing.numbers import NumberPlan

UK = NumberPlan("44")


class Session:
    """An AGI session with these headers in its INVITE."""

    def __init__(self, headers: dict[str, str] | None = None, **env: str) -> None:
        self.env = {f"agi_{key}": value for key, value in env.items()}
        self.headers = headers or {}
        self.arguments = ["token", "t", *self.headers.get("Privacy", "").split(",")]
        self.set: dict[str, str] = {}
        self.read: list[str] = []

    def get_full_variable(self, expression: str) -> str:
        name = expression.removeprefix("${PJSIP_HEADER(read,").removesuffix(")}")
        self.read.append(name)
        return self.headers.get(name, "")

    def set_many(self, **values: str) -> None:
        self.set |= values


def identify(session: Session, dialled: str = "02079460000", **fields: object) -> Identity:
    trunk = Trunk(name="t", host="192.0.2.1", **fields)
    return asked(session, told(session, dialled, UK), trunk, UK)  # type: ignore[arg-type]


def test_numbers_get_the_one_form() -> None:
    session = Session(callerid="0301234567", calleridname="Ann", callingpres="0", rdnis="+44 20 7946 0001")
    found = identify(session)
    assert found == Identity(Party("+44301234567", "Ann"), "+442079460000", "+442079460001")
    assert session.set == {"CALLERID(num)": "+44301234567"} and session.read == []
    plain = Session(callerid="5551", calleridname="unknown", rdnis="unknown")
    assert identify(plain, "5550100") == Identity(Party("5551"), "5550100") and plain.set == {}


@pytest.mark.parametrize(
    ("env", "headers"),
    [
        ({"callingpres": "32", "callerid": "02079460009"}, {}),
        ({"callingpres": "35", "callerid": "02079460009"}, {}),
        ({"callerid": "Anonymous"}, {}),
        ({"callerid": "02079460009"}, {"Privacy": "id"}),
        ({"callerid": "02079460009"}, {"Privacy": "critical; User"}),
    ],
)
def test_withheld(env: dict[str, str], headers: dict[str, str]) -> None:
    session = Session(headers, calleridname="Ann", **env)
    assert identify(session).caller == Party(withheld=True)
    assert session.set == {"CALLERID(pres)": "prohib"}


@pytest.mark.parametrize("value", ["none", "session", "", "history", "idiot", "x" * 4000, "id)\n200 result=1 (x"])
def test_not_withheld(value: str) -> None:
    session = Session({"Privacy": value}, callerid="5551", callingpres="0")
    assert identify(session).caller == Party("5551")


@pytest.mark.parametrize(
    ("where", "headers", "did"),
    [
        ("to", {"To": "<sip:02079460055@x>;tag=1"}, "+442079460055"),
        ("p-called-party-id", {"P-Called-Party-ID": "<tel:+44-20-7946-0055>"}, "+442079460055"),
        ("p-called-party-id", {}, "+442079460000"),
        ("to", {"To": "<sip:${SHELL(id)}@x>"}, "+442079460000"),
        ("diversion", {}, "+442079460001"),
        ("request", {"To": "<sip:02079460055@x>"}, "+442079460000"),
    ],
)
def test_where_the_number_is(where: str, headers: dict[str, str], did: str) -> None:
    session = Session(headers, callerid="5551", rdnis="02079460001")
    assert identify(session, did_from=where).did == did
