"""The shop: Jackfield's packages on a clean Debian 14, the example site, agents at their phones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tomllib
from array import array
from pathlib import Path
from typing import Any

from rig import Call, Carrier, Node, Phone, RigError, Run, install_offered, wait
from rig.audio import TONES, Sound
from rig.hostsys import ensure_host_packages, progress, say
from rig.node import REPOSITORY as OFFERED_AT
from rig.root import ensure_root

from .accounts import LogIn

REPOSITORY = Path(__file__).resolve().parents[2]
SITE = REPOSITORY / "docs" / "example-site" / "shop.toml"
EXAMPLE_CARRIER = "192.0.2.10"
AGENTS = {"1001": "201", "1002": "202", "1003": "203", "1004": "204"}
"""Agent to extension, as the example site has them."""
LOG_IN = "*11"
RECORDINGS = "/var/lib/jackfield/recordings"
_ROWS = """
import json, sqlite3
rows = sqlite3.connect("file:/var/lib/jackfield/jackfield.db?mode=ro", uri=True)
rows.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in rows.execute("SELECT * FROM recording ORDER BY id")]))
"""


def build(folder: Path) -> Path:
    """Builds the packages (or takes them from the cache) while the root to install them in is made.

    Returns the signed apt repository that they are in.

    Raises RigError when either fails.
    """
    ensure_host_packages()
    repository = folder / "repo"
    command = [sys.executable, str(REPOSITORY / "packaging/deb/build.py"), "--out", str(folder)]
    command += ["--repo", str(repository), "--url", f"file:{OFFERED_AT}"]
    with subprocess.Popen(command, stdout=sys.stderr) as building:
        ensure_root("run")
    if building.returncode:
        raise RigError("The packages could not be built; what went wrong is above.")
    return repository


class Shop:
    """The machine under test and its telephone sides."""

    def __init__(self, run: Run) -> None:
        """Boots the machine."""
        self.run = run
        with progress("booting Debian 14 under systemd"):
            self.node: Node = run.node("pbx")
        self.carrier: Carrier = run.carrier(self.node)
        self.phones: dict[str, Phone] = {}
        # Callers hear music too, which hardly ever has a pure tone as high as these.
        self.tones = dict(zip(AGENTS, TONES[-len(AGENTS) :], strict=True))
        """Each agent's tone, in hertz."""
        self.caller_tones = TONES[: -len(AGENTS)]
        self._sounds: dict[tuple[str, str], Any] = {}

    def install(self, repository: Path) -> None:
        """Installs from the signed repository, as a user would: `apt install jackfield`."""
        with progress("apt install jackfield, from the signed repository: configuration, prompts, services"):
            self.node.add_repository(repository)
            install_offered(self.node, ["jackfield"], 120, recommended=True)

    def open(self) -> None:
        """Imports and applies the example site, with our carrier's address in it.

        Raises RigError with what `jackfield` said.
        """
        text = SITE.read_text()
        if text.count(EXAMPLE_CARRIER) != 1:
            raise RigError(f"{SITE} must name the carrier's address {EXAMPLE_CARRIER} once; the demo puts in its own.")
        self.node.write_file("/root/shop.toml", text.replace(EXAMPLE_CARRIER, self.carrier.party.address))
        with progress("importing and applying the example site"):
            self.node.run(["jackfield", "import", "/root/shop.toml"])
            self.node.run(["jackfield", "apply", "--reason", "demo"], timeout=300)

    def secrets(self) -> dict[str, str]:
        """The SIP passwords that were made for the phones, by extension."""
        exported = tomllib.loads(self.node.run(["jackfield", "export"]).stdout)
        return {phone["name"]: phone["secret"] for phone in exported["extension"]}

    def staff(self) -> list[LogIn]:
        """Registers the agents' phones; each agent logs in by feature code. Returns what the phones heard."""
        with progress("agents log in at their phones"):
            secrets = self.secrets()
            for agent, extension in AGENTS.items():
                self.phones[agent] = self.run.phone(
                    self.node, extension, secrets[extension], tone=self.tones[agent], answer_after=None
                )
            calls = {agent: phone.call(LOG_IN, plan=[wait(20)]) for agent, phone in self.phones.items()}
            for call in calls.values():
                call.wait_ended(40)
            self.node.wait_for(lambda: self._ready() == sorted(AGENTS), 60, "all agents to be ready")
        return [LogIn(agent, AGENTS[agent], LOG_IN, self._log_in_heard(call)) for agent, call in calls.items()]

    def _ready(self) -> list[str]:
        agents = json.loads(self.node.run(["jackfield", "agents", "--json"]).stdout)
        free = [agent for agent in agents if agent["reachable"] and not agent["phone_busy"]]
        return sorted(agent["name"] for agent in free if agent["state"] == "ready")

    def wait_ready(self, seconds: float = 60) -> None:
        """Waits until all agents are free again. Raises TimeoutError."""
        self.node.wait_for(lambda: self._ready() == sorted(AGENTS), seconds, "all agents to be free again")

    def _log_in_heard(self, call: Call) -> tuple[tuple[str, str], ...]:
        names = ("acd-logged-in", "acd-unknown-agent", "acd-not-a-phone", "acd-locked-out")
        return tuple((lang, name) for name in names for lang in ("en", "zh") if self.heard(call.heard, name, lang))

    # -- sounds ----------------------------------------------------------------------------------------------------

    def heard(self, sound: Sound, prompt: str, language: str) -> bool:
        """Whether a prompt is in a sound, from its beginning to its end."""
        samples = self.prompt(prompt, language)
        return sound.seconds * 8000 > len(samples) and bool(sound.find(samples))

    def prompt(self, name: str, language: str) -> Any:
        """A prompt's samples, as Asterisk plays them."""
        key = (name, language)
        if key not in self._sounds:
            manifest = json.loads(self.node.read_file("/var/lib/jackfield/asterisk/current/sounds.json"))
            stem = manifest["sounds"][language][name]
            self._sounds[key] = self._samples(f"{manifest['folder']}/{language}/{stem}.sln")
        return self._sounds[key]

    def music(self) -> list[Any]:
        """The first minute of each piece of music on hold."""
        if ("music", "") not in self._sounds:
            names = self.node.run(["find", "/var/lib/jackfield/sounds/moh", "-name", "*.sln"]).stdout.split()
            self._sounds["music", ""] = [self._samples(name)[: 60 * 8000] for name in sorted(names)]
        return self._sounds["music", ""]

    def _samples(self, path: str) -> Any:
        return array("h", self.node.read_bytes(path))

    # -- what is on record -----------------------------------------------------------------------------------------

    @property
    def asterisk(self) -> str:
        """Asterisk's version."""
        said = self.node.asterisk("core show version")
        found = re.search(r"Asterisk ([0-9.]+)", said)
        return found[1] if found else said.strip()

    def records(self) -> list[dict[str, Any]]:
        """All call records, oldest first."""
        found = json.loads(self.node.run(["jackfield", "records", "--json", "--limit", "100000"]).stdout)
        return found[::-1]

    def recording_rows(self) -> list[dict[str, Any]]:
        """The rows of the table of recordings."""
        user = ["setpriv", "--reuid=jackfield", "--regid=jackfield", "--init-groups"]
        return json.loads(self.node.run([*user, "python3", "-c", _ROWS]).stdout)

    def wait_on_record(self, seconds: float = 60) -> None:
        """Waits until every record has its end and every recording is encoded, or time is up (the comparison tells)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            open_calls = [r for r in self.records() if r["ended_at"] is None]
            rows = [r for r in self.recording_rows() if r["state"] in ("recording", "waiting", "encoding")]
            if not open_calls and not rows:
                return
            time.sleep(0.5)
        say(f"after {seconds:g} s {len(open_calls)} records have no end and {len(rows)} recordings are not ready")
