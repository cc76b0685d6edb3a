"""What screens follow: a snapshot with a number, and numbered changes that lead from one snapshot to the next."""

from jackfield_acd.board import AGENTS, CONTACTS, QUEUES


class Screen:
    """Follows as a console does: subscribes, takes the snapshot, applies what is newer."""

    def __init__(self, world):
        self.world, self.told = world, []
        for topic in (AGENTS, CONTACTS, QUEUES):
            world.events.subscribe(topic, lambda event, topic=topic: self.told.append((topic, dict(event))))
        self.take()

    def take(self):
        snapshot = self.world.runtime.supervision.live(None, 1000)
        self.run, self.seq = snapshot["run"], snapshot["seq"]
        self.rows = {
            QUEUES: {row["name"]: {k: v for k, v in row.items() if k != "agents"} for row in snapshot["queues"]},
            AGENTS: {row["name"]: row for row in snapshot["agents"]},
            CONTACTS: {row["call"]: row for row in snapshot["contacts"]},
        }
        return snapshot

    def follow(self):
        """Apply what was told; the numbers must have no gap."""
        self.world.settle()
        for topic, event in self.told:
            if event["seq"] <= self.seq:
                continue
            assert (event["run"], event["seq"]) == (self.run, self.seq + 1)
            self.seq += 1
            if event["what"] == "site":
                self.take()
                continue
            row = event[{QUEUES: "queue", AGENTS: "agent", CONTACTS: "contact"}[topic]]
            key = row["call"] if topic == CONTACTS else row["name"]
            if event["what"] == "gone":
                del self.rows[topic][key]
            else:
                self.rows[topic][key] = row
        self.told.clear()
        return self

    def agrees(self):
        """What was followed is what a new snapshot says."""
        self.follow()
        mine, number = {topic: dict(rows) for topic, rows in self.rows.items()}, self.seq
        self.take()
        assert (mine, number) == (self.rows, self.seq)
        return self.rows


def test_a_screen_that_follows_has_what_a_new_snapshot_says(world):
    world.start()
    screen = Screen(world)
    world.runtime.login("1001", "201")
    assert screen.agrees()[AGENTS]["1001"]["state"] == "ready"
    result = world.serve(world.call("c1"))
    ring = world.ring()
    rows = screen.agrees()
    assert rows[CONTACTS]["c1"]["state"] == "offered" and rows[CONTACTS]["c1"]["agents"] == ["1001"]
    behind = world.call("c2")
    world.serve(behind)
    world.waits(behind)
    rows = screen.agrees()
    assert rows[CONTACTS]["c2"]["state"] == "waiting" and rows[QUEUES]["sales"]["waiting"] == 1
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    rows = screen.agrees()
    assert rows[CONTACTS]["c1"]["state"] == rows[AGENTS]["1001"]["state"] == "talking"
    ring.end("ANSWER")
    result()
    rows = screen.agrees()
    assert set(rows[CONTACTS]) == {"c2"} and rows[AGENTS]["1001"]["state"] == "wrap-up"
    assert rows[AGENTS]["1001"]["until"] > rows[AGENTS]["1001"]["since"]
    world.runtime.pause("1001", "lunch")
    assert screen.agrees()[AGENTS]["1001"]["reason"] == "lunch"
    behind.hang_up()
    world.runtime.logout("1001")


def test_of_another_site_a_screen_takes_a_new_snapshot(world):
    world.start()
    screen = Screen(world)
    world.site = world.queue(name="other", title="Another").site
    world.runtime.site_changed(world.site)
    assert list(screen.agrees()[QUEUES]) == ["other"]
    assert screen.rows[QUEUES]["other"]["title"] == "Another"


def test_nothing_is_made_while_nobody_follows(world):
    world.start()
    world.runtime.login("1001", "201")
    assert world.runtime.supervision.live(None, 10)["seq"] == 0
    screen = Screen(world)
    world.runtime.pause("1001")
    assert screen.agrees()[AGENTS]["1001"]["state"] == "paused"


def test_a_snapshot_of_one_queue_and_no_more_contacts_than_wanted(world):
    world.site = world.make_site(
        [
            type(world.site.all("queue", object)[0])(name=n, agents=[a])
            for n, a in (("sales", "1001"), ("other", "1002"))
        ]
    )
    world.start()
    for n in range(3):
        call = world.call(f"c{n}")
        world.serve(call)
        world.waits(call)
    found = world.runtime.supervision.live("sales", 2)
    assert [row["call"] for row in found["contacts"]] == ["c0", "c1"] and found["left_out"] == 1
    assert [row["name"] for row in found["queues"]] == ["sales"]
    assert [row["name"] for row in found["agents"]] == ["1001"]
    assert world.runtime.supervision.live("other", 10)["contacts"] == []
