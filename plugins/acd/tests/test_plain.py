"""The plain fallback: what the daemon tells Asterisk, and what Asterisk is told to do with it."""

import re

from jackfield.config.conf_syntax import modules, parse
from jackfield.config.objects.general import General
from jackfield.config.site import Site
from jackfield.errors import NotConnected
from jackfield_acd import plain
from jackfield_acd.kinds import Agent, Queue


def test_the_lists_follow_log_in_and_pause_but_not_the_calls(world):
    world.start().runtime.login("1001", "201")
    world.runtime.login("1002", "205")
    world.settle()
    key = (plain.FAMILY, "sales+1")
    assert world.asterisk.stored == {key: "PJSIP/201&PJSIP/205"}
    world.asterisk.stored.clear()
    result = world.serve(world.call("c1"))
    world.ring().end("ANSWER")
    result()
    world.advance(10)
    world.settle()
    assert world.asterisk.stored == {}, "not on each call"
    world.runtime.pause("1001")
    world.settle()
    assert world.asterisk.stored == {key: "PJSIP/205"}
    world.runtime.logout("1002")
    world.settle()
    assert world.asterisk.stored == {key: ""}


def test_recovery_empties_the_plain_queues_twice_and_writes_all_anew(world):
    world.start(recovered=False)
    world.settle()
    assert (world.asterisk.emptied, world.asterisk.stored) == ([], {}), "nothing before the state is known"
    world.runtime.recovered()
    world.settle()
    assert world.asterisk.emptied == ["sales"]
    assert world.asterisk.stored == {(plain.FAMILY, "sales+1"): ""}
    world.advance(15)
    world.settle()
    assert world.asterisk.emptied == ["sales"] * 2


def test_the_lists_are_written_when_ami_is_back(world):
    world.start()
    world.settle()
    world.asterisk.broken = NotConnected("AMI is away")
    world.runtime.login("1001", "201")
    world.settle()
    world.asterisk.broken = None
    world.advance(5)
    world.settle()
    assert world.asterisk.stored[plain.FAMILY, "sales+1"] == "PJSIP/201"


def test_long_lists_go_in_chunks_that_ami_takes():
    phones = [str(n) for n in range(1000, 1250)]
    chunks = plain.stored("sales", phones)
    assert list(chunks) == [f"sales+{n}" for n in range(1, len(chunks) + 1)] and len(chunks) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9 ./:&_,+-]{0,900}", value) for value in chunks.values())
    joined = "".join(value.removesuffix("+") for value in chunks.values())
    assert joined.split("&") == [f"PJSIP/{p}" for p in phones]
    assert all(value.endswith("&+") for value in list(chunks.values())[:-1])


def test_the_fragments_are_what_core_takes(world):
    site = world.make_site([Queue(name="sales", ring_seconds=15, wrapup_seconds=7, music="jazz"), Queue(name="b-2.x")])
    fragments = {f.file: f.text for f in plain.fragments(site)}
    queues = parse(fragments["queues.conf"], "queues.conf")
    assert queues.errors == []
    section = dict(dict(queues.sections)["sales"])
    assert (section["timeout"], section["wrapuptime"], section["musicclass"]) == ("15", "7", "jazz")
    assert "member" not in section
    dialplan = parse(fragments["extensions.conf"], "extensions.conf")
    assert dialplan.errors == []
    assert dialplan.names() == {"jf-plain-queue", "jf-plain-queue-serve", "jf-plain-to-agent"}
    assert modules(fragments["modules.conf"]) == (["app_queue.so", "func_db.so", "func_strings.so"], [])
    assert plain.fragments(world.make_site([], [Agent(name="1")])) == []


def lines_of(site, context):
    text = next(f.text for f in plain.fragments(site) if f.file == "extensions.conf")
    return [f"{key} => {value}" for key, value in dict(parse(text, "extensions.conf").sections)[context]]


def test_a_named_agent_without_the_daemon(world):
    """In a queue of theirs, or at their own phone; who is nowhere to be found is not in the dialplan.

    Asterisk takes b-ob for bob, and h for the end of a call.
    """
    agents = [
        Agent(name="ann", extension="201"),
        Agent(name="b-ob", extension="202"),
        Agent(name="bob", extension="203"),
        Agent(name="h", extension="204"),
        Agent(name="zoe"),
    ]
    site = world.make_site([Queue(name="sales", agents=["ann"]), Queue(name="vip", agents=["ann"])], agents)
    own = [line for line in lines_of(site, "jf-plain-to-agent") if "exten =" in line]
    found = [("ann", "queue,sales"), ("b-ob", "extension,202")]
    assert own[1:] == [f"exten => {name},1,Goto(jf-plain-{where},1)" for name, where in found]


def test_back_without_anybody_goes_to_the_fallback_and_never_in_a_circle(world):
    site = world.make_site([Queue(name="sales")])
    assert lines_of(site, "jf-plain-to-agent")[-4:-2] == [
        "same => n,Set(JF_AT=prompt:sorry)",
        "same => n,Goto(jf-late,s,1)",
    ]
    general = General(name="site", fallback="to-agent:back")
    circle = Site({"queue": [Queue(name="sales")], "general": [general]})
    assert lines_of(circle, "jf-plain-to-agent")[-1] == "same => n,Hangup(41)"
