"""What a site may say of queues and agents."""

import pytest
from jackfield.config.objects.extension import Extension
from jackfield.config.references import marked
from jackfield.config.site import Site
from jackfield.storage.engine import Database
from jackfield.storage.testing import differences
from jackfield_acd.checks import check_agents, check_queues
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.plugin import AcdPlugin
from pydantic import ValidationError


def findings(*objects):
    kinds = {Queue: "queue", Agent: "agent", Extension: "extension"}
    found = {}
    for item in objects:
        found.setdefault(kinds[type(item)], []).append(item)
    site = Site(found)
    return check_queues(site) + check_agents(site)


def test_a_good_site_has_no_findings():
    assert (
        findings(
            Queue(name="sales", agents=["1001"], max_wait=60, overflow="queue:help", empty="prompt:closed"),
            Queue(name="help", agents=["1001"], max_wait=60, overflow="prompt:later"),
            Agent(name="1001", extension="201"),
            Agent(name="1002"),
            Extension(name="201"),
        )
        == []
    )


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (
            [Agent(name="1001", extension="201"), Agent(name="1002", extension="201"), Extension(name="201")],
            ["agent:1002", "agent:1001", "201"],
        ),
        ([Queue(name="sales", max_wait=10)], ["queue:sales", "no overflow"]),
        ([Queue(name="sales", max_length=1, overflow="queue:sales")], ["queue:sales → queue:sales"]),
        (
            [
                Queue(name="a", max_length=1, overflow="queue:b"),
                Queue(name="b", max_length=1, overflow="queue:c"),
                Queue(name="c", max_length=1, overflow="queue:b"),
            ],
            ["queue:b → queue:c → queue:b"],
        ),
        ([Queue(name="a", empty="queue:b"), Queue(name="b", empty="queue:a")], ["empty leads back"]),
        (
            [Queue(name="a", agents=["1"], skills={"german": 2}), Agent(name="1", skills={"german": 1})],
            ["queue:a", "german 2", "widen"],
        ),
        ([Queue(name="a", join_needs="not-paused")], ["queue:a", "no empty"]),
        ([Queue(name="a"), Agent(name="1", weights={"a": 2})], ["agent:1", "queue a"]),
        ([Agent(name="1", own_callers="vip"), Agent(name="2", own_callers="vip")], ["agent:2", "agent:1", "vip"]),
        ([Queue(name="a-b"), Queue(name="ab")], ["queue:a-b", "queue:ab", "'-'"]),
    ],
)
def test_findings_say_what_is_wrong(objects, words):
    found = findings(*objects)
    assert len(found) == 1
    assert all(word in found[0] for word in words), found


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "general"},
        {"name": "h"},
        {"name": "x\ny"},
        {"strategy": "loudest"},
        {"skills": {"german": 0}},
        {"skills": {"Ger man": 1}},
        {"widen": [{"after": 20}, {"after": 20}]},
        {"widen": [{"after": 20, "skill": {}}]},
        {"agents": ["1001", "1001"]},
        {"agents": ["a b"]},
        {"music": "x;y"},
        {"ring_seconds": 0},
        {"overflow": "nowhere"},
        {"priority": 101},
        {"join_needs": "asleep"},
    ],
)
def test_queues_that_are_refused(fields):
    with pytest.raises(ValidationError):
        Queue(**{"name": "sales", **fields})


@pytest.mark.parametrize("pin", ["123", "12345678901", "12a4"])
def test_pins_that_are_refused(pin):
    with pytest.raises(ValidationError):
        Agent(name="1001", pin=pin)


def test_references_and_secrets_are_marked_for_core():
    queue = Queue(name="sales", agents=["1001"], overflow="prompt:later")
    agent = Agent(name="1001", extension="201", pin="4711")
    marks = {(m.path, m.value, repr(m.mark)) for item in (queue, agent) for m in marked(item)}
    assert marks == {
        (("agents", 0), "1001", "Refers(kind='agent')"),
        (("music",), "default", "NamesMusic()"),
        (("overflow",), "prompt:later", "IsDestination()"),
        (("closed",), "prompt:closed", "IsDestination()"),
        (("extension",), "201", "Refers(kind='extension')"),
        (("pin",), "4711", "IsSecret()"),
    }


def test_tables_and_migrations_agree(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.db")
    assert differences(database, AcdPlugin().jackfield_models()) == []
    database.close()


def test_every_prompt_that_is_played_exists_in_both_languages():
    import re
    from pathlib import Path

    import jackfield_acd

    requests = {r.name: r.text for r in AcdPlugin().jackfield_sounds(Site({}))}
    source = "".join(p.read_text() for p in Path(jackfield_acd.__file__).parent.glob("*.py") if p.name != "sounds.py")
    played = set(re.findall(r'"(acd-[a-z-]+)"', source)) - {"acd-worker", "acd-writer"}
    assert played == set(requests)
    assert all(set(text) == {"en", "zh"} and all(text.values()) for text in requests.values())
