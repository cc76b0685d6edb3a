"""A Jackfield on a node, with its carriers and phones: what journeys do and look at."""

from __future__ import annotations

import itertools
import json
import math
import socket
import subprocess
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rig import Call, Carrier, Node, Phone, Run, install_jackfield, wait_for
from rig.audio import RATE, TONES, Sound, read_recording
from rig.plan import Step

SITE = Path(__file__).with_name("site.toml")
PHONES = ("201", "202", "203", "204")
CARRIERS = {
    "CARRIER": "carrier",
    "ZHTRUNK": "zhtrunk",
    "REGISTRAR": "registrar",
    "TCPPEER": "tcppeer",
    "NARROW": "narrow",
    "AXB": "axb",
    "LINE": "line",
    "TRUSTED": "trusted",
    "REGTCP": "regtcp",
    "SECURE": "secure",
    "CROWD": "crowd",
    "EARLY": "early",
}
"""Placeholder of an address in the site file → party of the rig."""
OUTSIDE = {"OUTA": "out-a", "OUTB": "out-b", "OUTNONE": "out-none"}
"""Placeholder → party of carriers that take calls; nobody is at the last one's address."""
CONTROL = "/run/jackfield/control.sock"
CURRENT = "/var/lib/jackfield/asterisk/current"
STORE = "/var/lib/jackfield/recordings"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
TLS_CA = "/etc/ssl/certs/journeys.pem"
"""The site's authorities: at first, those that the machine trusts."""
READER = """
import json, sys
from jackfield import settings
from jackfield.records.queries import find_calls
from jackfield.storage.engine import Database
from sqlalchemy import text
database = Database(settings.load().database)
for line in sys.stdin:
    asked = json.loads(line)
    if "number" in asked:
        found = [r.as_json() for r in find_calls(database, number=asked["number"], limit=1000)]
    else:
        with database.session() as session:
            rows = session.execute(text("select * from recording where call_id = :call"), {"call": asked["call"]})
            found = [dict(row) for row in rows.mappings()]
    print(json.dumps(found, default=str), flush=True)
"""
"""Reads the database with the product's own queries; as `jackfield records --json`, without a start-up each time."""
MUSIC = {"low": 1325, "high": 1925}
"""Classes of music on hold, written by hand: each is a tone, in Hz, that nobody else sends."""
WHOLE = 0.95
"""Likeness of a prompt that was heard to its end; that of one cut in half is about 0.7."""
USERS = (*PHONES, "205", "206")
TONE_OF = dict(zip(USERS, TONES, strict=False))
_call_tones = itertools.cycle(TONES[len(USERS) :])
"""Carriers' calls never sound like a phone; two of them do only if many are placed at once."""
_numbers = itertools.count(10001)
Record = dict[str, Any]


def chirp(seconds: float = 2.0, start: float = 400.0, end: float = 2400.0) -> bytes:
    """A rising sweep as a wav file (8 kHz, 16 bit): a sound that nothing else in a call resembles."""
    rate = (end - start) / seconds
    samples = array(
        "h",
        (
            round(9000 * math.sin(2 * math.pi * (start * t + rate * t * t / 2)))
            for t in (i / RATE for i in range(int(seconds * RATE)))
        ),
    )
    data = samples.tobytes()
    head = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    form = (1).to_bytes(2, "little") * 2 + RATE.to_bytes(4, "little") + (2 * RATE).to_bytes(4, "little")
    tail = (2).to_bytes(2, "little") + (16).to_bytes(2, "little") + b"data" + len(data).to_bytes(4, "little")
    return head + form + tail + data


class Pbx:
    """The system under test and everyone who telephones with it."""

    def __init__(self, run: Run, node: Node, debs: Path) -> None:
        """Makes the carriers' machines; `install` and `apply_site` do the rest."""
        self.run, self.node, self.debs = run, node, debs
        self.addresses = {hole: run.party(name).address for hole, name in (CARRIERS | OUTSIDE).items()}
        self.addresses["VERIFIED"] = run.network.parties["secure"].add_address()
        self.sealed = run.network.parties["secure"].add_address()
        """Where the phone 281 is."""
        self._today = datetime.now(UTC).date()
        self.carrier: Carrier = run.carrier(node, "carrier")
        self.zh_carrier: Carrier = run.carrier(node, "zhtrunk")
        self._phones: dict[str, Phone] = {}
        self._far_ends: dict[str, Phone] = {}
        self._reader: subprocess.Popen[bytes] | None = None
        self._reading = threading.Lock()

    # -- setting up ------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """All packages by apt, and the daemon's first answer."""
        install_jackfield(self.node, self.debs)
        self.wait_ready()

    def wait_ready(self, timeout: float = 30) -> None:
        """Until the daemon answers and is connected to Asterisk."""
        self.node.wait_for(self.is_ready, timeout, "jackfieldd, connected to Asterisk")

    def is_ready(self) -> bool:
        """Whether the daemon answers and is connected to Asterisk."""
        try:
            return bool(self.ask("status")["asterisk"]["connected"])
        except (OSError, ValueError):
            return False

    def site_text(self, site: Path = SITE) -> str:
        """A site file with the carriers' addresses filled in."""
        text = site.read_text(encoding="utf-8")
        for hole, address in self.addresses.items():
            text = text.replace(f'"{hole}"', f'"{address}"')
        return text.replace("TODAY", str(self._today)).replace("TOMORROW", str(self._today + timedelta(days=1)))

    def apply_site(self, site: Path = SITE) -> None:
        """Imports and applies a site file, with the sound and the authorities that it names."""
        self.node.write_file("/root/chirp.wav", chirp())
        self.node.run(["cp", AUTHORITIES, TLS_CA])
        for name, frequency in MUSIC.items():
            self.node.write_file(f"/srv/music/{name}/tone.wav", chirp(2.0, frequency, frequency))
        classes = "".join(f"[{name}]\nmode = files\ndirectory = /srv/music/{name}\n" for name in MUSIC)
        self.node.write_file("/var/lib/jackfield/asterisk/custom/musiconhold.conf", classes)
        self.node.asterisk("module reload res_musiconhold.so")
        self.apply_text(self.site_text(site), "journeys")

    def apply_text(self, text: str, reason: str) -> None:
        """Imports and applies a site."""
        self.node.write_file("/root/site.toml", text)
        self.jackfield("import", "--force", "/root/site.toml")
        self.jackfield("apply", "--force", "--reason", reason)

    # -- the administrator -----------------------------------------------------------------------------------------

    def jackfield(self, *words: str, check: bool = True) -> Any:
        """`jackfield …`: its parsed output with --json, else the finished process."""
        done = self.node.run(["jackfield", *words], check=check)
        return json.loads(done.stdout) if "--json" in words and done.stdout.strip() else done

    def ask(self, method: str, **params: Any) -> Any:
        """Asks the daemon on its control socket, from outside: quicker than the command."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(15)
            sock.connect(str(self.node.path(CONTROL)))
            sock.sendall(json.dumps({"method": method, "params": params}).encode() + b"\n")
            with sock.makefile("rb") as stream:
                answer = json.loads(stream.readline())
        if "error" in answer:
            raise AssertionError(f"jackfieldd refused {method}: {answer['error']}")
        return answer["result"]

    def logs(self, lines: int = 100) -> str:
        """The end of the daemon's journal."""
        return self.node.run(
            ["journalctl", "-u", "jackfieldd", "--no-pager", "-o", "cat", "-n", str(lines)], check=False
        ).stdout

    def agent(self, name: str) -> dict[str, Any]:
        """An agent as the daemon sees it now."""
        return next(a for a in self.ask("agents") if a["name"] == name)

    def wait_agent(self, name: str, state: str, timeout: float = 15) -> dict[str, Any]:
        """Waits until an agent has a state."""
        return wait_for(
            lambda: a if (a := self.agent(name))["state"] == state else None,
            timeout,
            f"agent {name} to be {state}; it is {self.agent(name)}",
        )

    def queue(self, name: str) -> dict[str, Any]:
        """A queue as the daemon sees it now."""
        return next(q for q in self.ask("queues") if q["name"] == name)

    def waiting(self, queue: str) -> list[str]:
        """Numbers of the callers in line, in order."""
        return [w["caller"] for w in self.queue(queue)["waiting"]]

    def wait_waiting(self, queue: str, numbers: Sequence[str], timeout: float = 15) -> None:
        """Waits until just these callers are in line, in this order."""
        wait_for(lambda: self.waiting(queue) == list(numbers), timeout, f"{numbers} to wait in {queue}")

    def live(self, number: str) -> list[dict[str, Any]]:
        """Live calls of a caller."""
        return [c for c in self.ask("calls") if c["from"] == number]

    def wait_at(self, number: str, destination: str, timeout: float = 15) -> dict[str, Any]:
        """Waits until a caller is at a destination."""
        return wait_for(
            lambda: next((c for c in self.live(number) if c["at"] == destination), None),
            timeout,
            f"{number} to be at {destination}",
        )

    # -- people ----------------------------------------------------------------------------------------------------

    def number(self, prefix: str = "5551") -> str:
        """A caller's number that nobody had before. 5559…: VIP, 5558…: blocked, 5557…: speaks Chinese."""
        return f"{prefix}{next(_numbers)}"

    def call(self, to: str, from_number: str, **options: Any) -> Call:
        """Calls a DID over the carrier's trunk; returns at once."""
        return self.carrier.call(to, from_number=from_number, **{"tone": next(_call_tones), **options})

    def phone(self, user: str) -> Phone:
        """A phone, switched on and registered when it is first asked for."""
        if user not in self._phones:
            self._phones[user] = self.run.phone(self.node, user, f"secret-{user}-abc", tone=TONE_OF.get(user))
            wait_for(lambda: user in self.node.asterisk("pjsip show contacts"), 10, f"phone {user}'s contact")
        return self._phones[user]

    def far_end(self, name: str) -> Phone:
        """A carrier that takes calls, switched on when it is first asked for."""
        if name not in self._far_ends:
            self._far_ends[name] = self.run.far_end(self.node, name)
        return self._far_ends[name]

    @property
    def phones(self) -> dict[str, Phone]:
        """The phones 201 to 204."""
        return {user: self.phone(user) for user in PHONES}

    def reset_phones(self) -> None:
        """All phones answer after half a second and never hang up."""
        for phone in [*self._phones.values(), *self._far_ends.values()]:
            phone.answer_after, phone.refuse_with, phone.hang_up_after, phone.mute = 0.5, None, None, False

    def dial_code(self, user: str, code: str, plan: Sequence[Step] | None = None) -> Call:
        """Dials a feature code at a phone and waits for its end."""
        call = self.phone(user).call(code, plan=plan)
        call.wait_ended(30)
        return call

    def login(self, user: str, agent: str = "") -> Call:
        """Logs the agent 10NN (or another) in at the phone 2NN."""
        call = self.dial_code(user, f"*11{agent}")
        name = agent or f"10{user[1:]}"
        assert self.agent(name)["phone"] == user, f"agent {name} is not logged in at {user}"
        return call

    def staff(self, *users: str) -> None:
        """Just the agents of these phones are logged in, free, the first longest idle."""
        self.everyone_out()
        for user in users:
            self.login(user)

    def everyone_out(self) -> None:
        """Logs all agents out at their phones."""
        users = [a["phone"] for a in self.ask("agents") if a["phone"]]
        if users:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda user: self.dial_code(user, "*12"), users))
        left = [a for a in self.ask("agents") if a["phone"]]
        assert not left, f"still logged in: {left}"

    def settle(self, timeout: float = 20) -> None:
        """Ends what calls are left and logs everybody out."""
        if not self.is_ready():
            return
        deadline, quiet = time.monotonic() + timeout, 0
        while quiet < 2:  # twice in a row: an INVITE may still have been on its way
            quiet = 0 if self.ask("calls") else quiet + 1
            assert time.monotonic() < deadline, f"calls that do not end: {self.ask('calls')}"
            if not quiet:
                self.node.asterisk("channel request hangup all")
            time.sleep(0.15)
        self.reset_phones()
        self.everyone_out()

    # -- what callers hear -----------------------------------------------------------------------------------------

    def hears(self, call: Call, prompt: str, language: str = "en", after: float = 0.0) -> list[float]:
        """When a call heard the beginning of a prompt that it heard whole; only those after a time."""
        return [at for at, _ in call.heard.find(self.prompt(prompt, language), WHOLE) if at >= after]

    def wait_hears(
        self, call: Call, prompt: str, language: str = "en", after: float = 0.0, timeout: float = 20
    ) -> float:
        """Waits until a call has heard a prompt to its end; returns when it began."""
        try:
            return wait_for(
                lambda: self.hears(call, prompt, language, after), timeout, f"{prompt} ({language})", every=0.2
            )[0]
        except TimeoutError as problem:
            sounds = [f"{a:.2f}–{b:.2f}" for a, b in call.heard.sounds()]
            raise AssertionError(f"{problem}; the call heard sounds at {sounds}\n{self.logs(10)}") from None

    # -- afterwards ------------------------------------------------------------------------------------------------

    def _read(self, **asked: str) -> list[dict[str, Any]]:
        """Asks the reader, starting it if need be."""
        with self._reading:
            if self._reader is None or self._reader.poll() is not None:
                self._reader = self.node.popen(["runuser", "-u", "jackfield", "--", "python3", "-c", READER])
            assert self._reader.stdin and self._reader.stdout and self._reader.stderr
            self._reader.stdin.write(json.dumps(asked).encode() + b"\n")
            self._reader.stdin.flush()
            answer = self._reader.stdout.readline()
            if not answer:
                raise AssertionError(f"records cannot be read: {self._reader.stderr.read().decode()[-800:]}")
        found: list[dict[str, Any]] = json.loads(answer)
        return found

    def records(self, number: str, count: int = 1, timeout: float = 20) -> list[Record]:
        """A caller's final records, oldest first; waits until there are `count`, all ended."""
        deadline = time.monotonic() + timeout
        while self.live(number) and time.monotonic() < deadline:
            time.sleep(0.1)
        while True:
            found = self._read(number=number)
            if len(found) >= count and all(r["ended_at"] for r in found):
                break
            if time.monotonic() > deadline:
                raise AssertionError(f"{number} has {len(found)} records, not {count} that are final: {found}")
            time.sleep(0.1)
        assert len(found) == count, f"{number} has {len(found)} records, not {count}: {found}"
        return found[::-1]

    def record(self, number: str) -> Record:
        """A caller's one final record."""
        return self.records(number)[0]

    def records_since(self, number: str, call: Call, count: int = 1, timeout: float = 20) -> list[Record]:
        """The final records of a phone's calls from `call` on, oldest first; waits until there are `count`."""
        deadline = time.monotonic() + timeout
        begun = time.time() - (time.monotonic() - (call.dialog.invite_at or 0.0)) - 0.5
        while True:
            found = [r for r in self._read(number=number) if moment(r["started_at"]) >= begun]
            if len(found) >= count and all(r["ended_at"] for r in found) and not self.live(number):
                assert len(found) == count, found
                return found[::-1]
            assert time.monotonic() < deadline, (
                f"{number} has {len(found)} records, not {count} that are final: {found}"
            )
            time.sleep(0.1)

    def recordings(self, record: Record) -> list[dict[str, Any]]:
        """A call's rows in the table of recordings."""
        return self._read(call=record["id"])

    def recording_of(self, record: Record, timeout: float = 30) -> tuple[dict[str, Any], list[Sound]]:
        """A call's one finished recording: its row, and what is in its file, a Sound a side."""

        def ready() -> dict[str, Any] | None:
            rows = self.recordings(record)
            assert len(rows) <= 1, rows
            return rows[0] if rows and rows[0]["state"] == "ready" else None

        row = wait_for(ready, timeout, f"the recording of {record['id']}", every=0.3)
        data = self.node.read_bytes(f"{STORE}/{row['path']}")
        return row, read_recording(data, self.run.root())

    def prompt(self, name: str, language: str = "en") -> array[int]:
        """The samples (8 kHz) of a prompt as generated for the site in force."""
        manifest = json.loads(self.node.path(f"{CURRENT}/sounds.json").read_text())
        stem = manifest["sounds"][language][name]
        return array("h", self.node.path(f"{manifest['folder']}/{language}/{stem}.sln").read_bytes())


def moment(text: str) -> float:
    """A record's time as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def path_of(record: Record) -> list[tuple[str, str]]:
    """A record's path: (destination, outcome) a step."""
    return [(step["destination"], step["outcome"]) for step in record["steps"]]


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Does several things at once."""
    with ThreadPoolExecutor(len(actions)) as pool:
        return [f.result() for f in [pool.submit(action) for action in actions]]
