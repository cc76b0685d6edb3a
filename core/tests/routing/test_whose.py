"""What a number is: its inbound routes and the lists that it is on; routes of any number are none of its own."""

from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.objects.inbound import CallerList, Did
from jackfield.config.site import Site
from jackfield.routing.inbound import InboundRoutes
from jackfield.routing.whose import MOST, whose


def did(name, number, **more):
    return Did(name=name, number=number, destination="hangup:busy", **more)


SITE = Site(
    {
        "did": [did("main", "5550100"), did("range", "5550100-5550199"), did("prefix", "_555XXXX"), did("any", "_!"),
                did("any-two", "_X."), did("only-vip", "5550101", caller_list="vip"), did("open", "_555.")],
        "caller-list": [CallerList(name="vip", numbers=["44*", "5550100"]), CallerList(name="bad", numbers=["4499"])],
    }
)  # fmt: skip
ROUTES = InboundRoutes(SITE)


def names(number):
    return [(each["kind"], each["name"]) for each in whose(SITE, ROUTES, number)]


def test_a_number_finds_its_routes_and_its_lists():
    assert names("5550100") == [("did", name) for name in ("main", "range", "prefix", "open")] + [
        ("caller-list", "vip")
    ]
    assert names("+5550100") == names("5550100")
    assert names("4499") == [("caller-list", "bad"), ("caller-list", "vip")]
    told = {each["name"]: each["about"] for each in whose(SITE, ROUTES, "5550100")}
    assert told["range"] == "5550100-5550199 → hangup:busy"
    assert told["vip"] == "did only-vip (caller_list)"


@given(number=st.from_regex(r"\+?[0-9]{2,32}", fullmatch=True))
def test_no_number_is_found_by_routes_of_all_numbers_alone(number):
    found = names(number)
    assert ("did", "any") not in found and ("did", "any-two") not in found and len(found) <= MOST
    assert (("caller-list", "vip") in found) == (number.lstrip("+").startswith("44") or number.lstrip("+") == "5550100")
