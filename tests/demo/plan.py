"""The calls of the demo: what each caller and each agent does, and what must come of it.

Calls come in waves: a wave starts when the agents are free again, so that what it shows does not hang on luck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from rig import dtmf, hangup, until_bye, wait
from rig.plan import Step

AT_ONCE = 8
MENU, SERVICE, WORKSHOP, CHINESE, NOBODY = "5550100", "5550101", "5550102", "5550103", "5550999"
NUISANCE, VIP = "5556666", "5559001"
QUEUES = {"sales": ("1001", "1002"), "service": ("1003", "1004")}
"""The agents of each queue, as the example site has them."""
WRAP_UP, REST = 2.0, 5.0
"""Seconds that an agent is left alone after a talk, by the example site; and after a refusal, by the acd plugin."""
BY_MENU = {"1": "queue:sales", "2": "queue:service"}
KEY_AFTER = 2.2
"""Seconds after the answer when the first key is pressed: the greeting is over, the menu is being read."""
_numbers = count(5551001)


@dataclass(frozen=True)
class Ring:
    """What an agent does when the phone rings: answers after so many seconds, does not (None), or refuses."""

    answer_after: float | None = 1.0
    talk: float | None = None
    """Seconds until the agent hangs up; None leaves it to the caller."""
    refuse: bool = False

    @property
    def answered(self) -> bool:
        """Whether a talk comes of it."""
        return self.answer_after is not None and not self.refuse


TAKES = Ring()
IGNORES = Ring(answer_after=None)
REFUSES = Ring(refuse=True)


def takes_for(seconds: float) -> Ring:
    """Answers and hangs up after so long."""
    return Ring(talk=seconds)


@dataclass(frozen=True)
class Planned:
    """One call. `result` and `path` are what must be on record; `by` is who ends it."""

    what: str
    at: float
    """Seconds after the start of its wave."""
    did: str
    does: tuple[Step, ...]
    path: tuple[str, ...]
    result: str
    by: str = "caller"
    number: str = ""
    name: str = ""
    code: int = 200
    language: str = "en"
    hears: tuple[str, ...] = ()
    """Prompts that the caller must hear to their end, in `language` and not in another."""
    rings: tuple[Ring, ...] = ()
    """What agents do, ring by ring."""
    rank: int = 0
    """Priority in the queue, by the site's caller lists."""
    waits: bool = False
    """Must wait with music before an agent's phone rings."""

    @property
    def queue(self) -> str:
        """The queue that the call gets to, or ''."""
        return next((step.partition(":")[2] for step in self.path if step.startswith("queue:")), "")

    @property
    def keys(self) -> str:
        """The keys that the caller presses."""
        return "".join(step.digits for step in self.does if step.kind == "dtmf")


def _own_number(call: Planned) -> Planned:
    return call if call.number else replace(call, number=str(next(_numbers)))


def _by_key(key: str, talk: float | None, late: float = KEY_AFTER) -> tuple[Step, ...]:
    """Presses a key of the menu; `talk` seconds of its own after that, or until the far side ends it."""
    return (wait(late), dtmf(key), *((wait(talk), hangup()) if talk is not None else (until_bye(),)))


def _to_queue(what: str, at: float, key: str, talk: float | None, *rings: Ring, **more: object) -> Planned:
    more.setdefault("path", ("ivr:main", BY_MENU[key]))
    more.setdefault("by", "caller" if talk is not None else "pbx")
    return Planned(what, at, MENU, _by_key(key, talk), result="answered", rings=rings or (TAKES,), **more)  # type: ignore[arg-type]


def _at_service(what: str, at: float, seconds: float | None, *rings: Ring, **more: object) -> Planned:
    does = (wait(seconds), hangup()) if seconds is not None else (until_bye(),)
    more.setdefault("result", "answered")
    more.setdefault("by", "caller" if seconds is not None else "pbx")
    return Planned(what, at, SERVICE, does, ("queue:service",), rings=rings or (TAKES,), **more)  # type: ignore[arg-type]


def _every_way() -> list[Planned]:
    """Menus, hours, languages, and talks that either side ends."""
    goodbye = ("ivr:main", "prompt:goodbye")
    return [
        _to_queue("key 1, caller hangs up in talk", 0.0, "1", 8.0, name="Alice Adams", hears=("welcome",)),
        _to_queue("key 2, agent hangs up", 0.2, "2", None, takes_for(5.0), name="Bert Brown"),
        Planned(
            "wrong key twice",
            0.4,
            MENU,
            (wait(KEY_AFTER), dtmf("5"), wait(5.0), dtmf("6"), until_bye()),
            goodbye,
            "completed",
            "pbx",
            hears=("ivr-invalid", "goodbye"),
        ),
        Planned(
            "wrong key, then key 1",
            0.6,
            MENU,
            (wait(KEY_AFTER), dtmf("0"), wait(5.0), dtmf("1"), until_bye()),
            ("ivr:main", "queue:sales"),
            "answered",
            "pbx",
            hears=("ivr-invalid",),
            rings=(takes_for(4.0),),
        ),
        Planned(
            "no key: time-out",
            0.8,
            MENU,
            (until_bye(),),
            goodbye,
            "completed",
            "pbx",
            hears=("welcome", "main-menu", "ivr-no-input", "goodbye"),
        ),
        Planned("hangs up in the menu", 1.0, MENU, (wait(3.0), hangup()), ("ivr:main",), "hung-up", hears=("welcome",)),
        Planned(
            "nobody has this number", 1.2, NOBODY, (until_bye(),), ("hangup:unallocated",), "rejected", "pbx", code=404
        ),
        Planned(
            "outside business hours",
            1.4,
            WORKSHOP,
            (until_bye(),),
            ("prompt:closed",),
            "completed",
            "pbx",
            hears=("closed",),
        ),
        Planned(
            "on the list of nuisances",
            5.0,
            MENU,
            (until_bye(),),
            ("hangup:blocked",),
            "rejected",
            "pbx",
            number=NUISANCE,
            code=403,
        ),
        _at_service("straight to service", 5.5, 8.0),
        Planned(
            "second menu, prompt to its end",
            6.5,
            MENU,
            (wait(KEY_AFTER), dtmf("3"), wait(1.5), dtmf("1"), until_bye()),
            ("ivr:main", "ivr:information", "prompt:opening-hours"),
            "completed",
            "pbx",
            hears=("opening-hours",),
        ),
        Planned(
            "second menu, back, hangs up",
            8.0,
            MENU,
            (wait(KEY_AFTER), dtmf("3"), wait(1.5), dtmf("*"), wait(2.0), hangup()),
            ("ivr:main", "ivr:information", "ivr:main"),
            "hung-up",
        ),
        Planned(
            "Chinese line, key 2",
            11.0,
            CHINESE,
            _by_key("2", 9.0, late=3.5),
            ("ivr:main", "queue:service"),
            "answered",
            name="王芳",
            language="zh",
            hears=("welcome", "acd-recorded"),
            rings=(TAKES,),
        ),
        Planned(
            "Chinese line, hangs up in the menu",
            11.5,
            CHINESE,
            (wait(3.5), hangup()),
            ("ivr:main",),
            "hung-up",
            language="zh",
            hears=("welcome",),
        ),
        Planned(
            "changes to Chinese, then key 1",
            13.0,
            MENU,
            (wait(KEY_AFTER), dtmf("8"), wait(2.0), dtmf("1"), until_bye()),
            ("ivr:main", "queue:sales"),
            "answered",
            "pbx",
            language="zh",
            hears=("acd-recorded",),
            rings=(takes_for(4.0),),
        ),
    ]


def _agents_who_do_not_answer() -> list[Planned]:
    """Offers that come to nothing."""
    return [
        _to_queue("agent does not answer, the next does", 0.0, "1", None, IGNORES, takes_for(4.0), name="Carl O'Cox"),
        _at_service("hangs up while the phone rings", 0.2, 4.5, IGNORES, result="abandoned"),
        _at_service("agent refuses, the next answers", 6.0, None, REFUSES, takes_for(4.0)),
        Planned(
            "hangs up as soon as in the queue", 1.0, MENU, _by_key("2", 0.8), ("ivr:main", "queue:service"), "abandoned"
        ),
    ]


def _rush() -> list[Planned]:
    """All agents busy: callers wait, one gives up, and the one who came last is served first."""
    return [
        _to_queue("keeps sales busy, caller hangs up", 0.0, "1", 14.0),
        _to_queue("keeps sales busy, agent hangs up", 0.3, "1", None, takes_for(12.5)),
        _at_service("keeps service busy", 0.6, None, takes_for(11.0)),
        _at_service("keeps service busy too", 0.9, 14.5),
        _to_queue("waits, first to come", 4.0, "1", None, takes_for(4.0), waits=True),
        _to_queue("waits, second to come", 5.0, "1", None, takes_for(4.0), waits=True),
        Planned("gives up waiting", 6.0, MENU, _by_key("1", 7.0), ("ivr:main", "queue:sales"), "abandoned", waits=True),
        _to_queue(
            "VIP, last to come", 7.0, "1", None, takes_for(4.0), number=VIP, name="Vera Important", rank=50, waits=True
        ),
    ]


WAVES: tuple[tuple[Planned, ...], ...] = tuple(
    tuple(_own_number(call) for call in wave) for wave in (_every_way(), _agents_who_do_not_answer(), _rush())
)
CALLS: tuple[Planned, ...] = tuple(call for wave in WAVES for call in wave)
