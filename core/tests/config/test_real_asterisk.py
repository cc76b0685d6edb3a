"""The generated configuration in a real Asterisk, with real voices: a Debian root in namespaces of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from jackfield.config.reloads import wanted_modules
from jackfield.prompts import g711
from jackfield.prompts.tools import RATE, SoundError, Tools

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and namespaces"),
]
REPO = Path(__file__).parents[3]
SETUP = """
set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
mkdir -p "$2/root/srv/repo"
mount --bind "$3" "$2/root/srv/repo"
ip link set lo up
ip link add nowhere type bridge
ip address add 192.0.2.1/24 dev nowhere
ip link set nowhere up
exec chroot "$2/root" sleep infinity
"""
ENVIRONMENT = ["env", "-i", "PATH=/usr/sbin:/usr/bin", "LANG=C.UTF-8", "SUDO_USER=ann", "PYTHONDONTWRITEBYTECODE=1",
               "PYTHONPATH=/srv/repo/core/src:/srv/extra"]  # fmt: skip
JACKFIELD = [*ENVIRONMENT, "python3", "-m", "jackfield.cli.main"]
SITE = """
[[trunk]]
name = "carrier"
host = "192.0.2.20"
[[trunk]]
name = "registered"
host = "192.0.2.21"
transport = "tcp"
username = "acc"
secret = "s3cret-s3cret"
[[trunk]]
name = "overtls"
host = "192.0.2.22"
transport = "tls"
media_encryption = "required"
verify_server = false
codecs = ["opus", "g722", "alaw", "g729"]
[[extension]]
name = "201"
title = "Änna 中"
codecs = ["opus", "g722", "ulaw"]
[[did]]
name = "main"
number = "100"
destination = "extension:201"
"""


@pytest.fixture(scope="module")
def root() -> Path:
    """A Debian 14 root: the rig's, or the one named by $DEBIAN_ROOT."""
    if named := os.environ.get("DEBIAN_ROOT"):
        return Path(named)
    from rig.root import ensure_root

    return ensure_root("run").path


class Box:
    """A root below an overlay, in namespaces of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        spaces = ["setpriv", "--pdeathsig", "KILL", "unshare", "--kill-child", "-m", "-n", "-p", "-f", "--mount-proc"]
        command = [*spaces, "sh", "-c", SETUP, "sh", root, folder, REPO]
        self._holder = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL)
        self._pid = self._first_process()
        self.files = Path(f"/proc/{self._pid}/root")

    def _first_process(self) -> int:
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        for _ in range(300):
            for pid in children.read_text().split():
                if Path(f"/proc/{pid}/comm").read_text().strip() == "sleep":
                    return int(pid)
            time.sleep(0.05)
        raise TimeoutError("the root did not come up")

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        inside = [
            "nsenter",
            "-t",
            str(self._pid),
            "-m",
            "-n",
            "-p",
            f"--root={self.files}",
            f"--wd={self.files}",
            *command,
        ]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def jackfield(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run(*JACKFIELD, *arguments, check=check)

    def import_(self, text: str) -> None:
        (self.files / "tmp/site.toml").write_text(text)
        self.jackfield("import", "/tmp/site.toml")

    def asterisk(self, command: str) -> str:
        return self.run("asterisk", "-rx", command).stdout

    def log(self) -> str:
        return (self.files / "var/log/asterisk/messages.log").read_text()

    def power_cut(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self._holder.wait()


@pytest.fixture(scope="module")
def box(root, tmp_path_factory):
    made = Box(root, tmp_path_factory.mktemp("box"))
    try:
        _set_up(made)
        yield made
    finally:
        made.power_cut()


def _set_up(made: Box) -> None:
    extra = made.files / "srv/extra"
    for module in ("alembic", "mako"):  # a root may be older than the list of packages
        if made.run("python3", "-c", f"import {module}", check=False).returncode:
            found = Path(__import__(module).__file__).parent
            shutil.copytree(found, extra / module)
    made.run("sh", "-ec", """
        adduser --quiet --system --group --no-create-home --home /var/lib/jackfield jackfield
        adduser --quiet jackfield asterisk
        install -d -o jackfield -g jackfield -m 0751 /var/lib/jackfield
        install -d -o jackfield -g asterisk -m 2750 /var/lib/jackfield/asterisk /var/lib/jackfield/sounds
        install -d -o asterisk -g asterisk /run/asterisk
        rm -f /var/log/asterisk/*.log""")  # fmt: skip
    made.jackfield("migrate")
    made.import_(SITE)
    made.jackfield("apply", "--reason", "first")
    made.run("sh", "-c", "setsid asterisk -U asterisk -G asterisk -C /var/lib/jackfield/asterisk/current/asterisk.conf "
             "-f >/tmp/console 2>&1 </dev/null & sleep 1; asterisk -rx 'core waitfullybooted'")  # fmt: skip


def test_it_starts_without_a_complaint(box):
    complaints = [line for line in box.log().splitlines() if "WARNING" in line or "ERROR" in line]
    assert [line for line in complaints if "registration attempt" not in line and "OPTIONS" not in line] == []
    modules = box.asterisk("module show")
    assert "Not Running" not in modules
    assert "app_system" not in modules
    wanted = wanted_modules(
        {"modules.conf": (box.files / "var/lib/jackfield/asterisk/current/modules.conf").read_text()}
    )
    assert len(wanted) > 60
    assert [module for module in wanted if f"{module} " not in modules] == []


def test_what_the_site_says_is_there(box):
    endpoints = box.asterisk("pjsip show endpoints")
    for name in ("201/201", "carrier", "registered"):
        assert f"Endpoint:  {name} " in endpoints
    assert '"Änna 中" <201>' in box.asterisk("pjsip show endpoint 201")
    transports = box.asterisk("pjsip show transports")
    for name, port in (("udp", 5060), ("tcp", 5060), ("tls", 5061), ("tls-unverified", 5062)):
        assert re.search(rf"transport-{name} +{name[:3]} .*0\.0\.0\.0:{port}\b", transports), transports
    assert "(opus|g722|alaw|g729)" in box.asterisk("pjsip show endpoint overtls")
    assert "192.0.2.20/32" in box.asterisk("pjsip show identifies")
    assert "registered/sip:192.0.2.21:5060;transport=tcp" in box.asterisk("pjsip show registrations")
    assert box.asterisk("moh show files").count("/var/lib/jackfield/sounds/moh/") >= 1


def test_who_may_read_what(box):
    state = box.files / "var/lib/jackfield"
    assert (state / "asterisk/secrets.toml").stat().st_mode & 0o777 == 0o600
    asterisk = box.run("id", "-g", "asterisk").stdout.strip()
    for path in [*(state / "asterisk/generations/1").iterdir(), *(state / "sounds/en/jf").iterdir()]:
        assert path.stat().st_mode & 0o777 == 0o640
        assert str(path.stat().st_gid) == asterisk
        assert path.stat().st_uid != 0


def test_a_change_reaches_the_running_asterisk_and_a_rollback_takes_it_back(box):
    box.import_(SITE + '[[extension]]\nname = "202"\n')
    done = box.jackfield("apply", "--reason", "second phone")
    assert "Asterisk is not reached" not in done.stderr
    assert "202/202" in box.asterisk("pjsip show endpoints")
    box.jackfield("rollback")
    assert "202/202" not in box.asterisk("pjsip show endpoints")
    box.jackfield("apply", "--reason", "again")
    assert "202/202" in box.asterisk("pjsip show endpoints")


def test_what_asterisk_refuses_is_taken_back(box):
    custom = box.files / "var/lib/jackfield/asterisk/custom"
    custom.mkdir(exist_ok=True)
    (custom / "pjsip.conf").write_text("[203]\ntype = endpoint\nnonsense = 1\n")
    before = (box.files / "var/lib/jackfield/asterisk/current").readlink()
    try:
        box.import_(SITE + '[[extension]]\nname = "202"\n[[extension]]\nname = "203"\n')
        done = box.jackfield("apply", check=False)
        assert done.returncode == 1
        assert "Asterisk has no endpoint 203 after its reload; generation " in done.stderr
    finally:
        shutil.rmtree(custom)
    assert (box.files / "var/lib/jackfield/asterisk/current").readlink() == before
    endpoints = box.asterisk("pjsip show endpoints")
    assert "203/203" not in endpoints
    assert "202/202" in endpoints
    assert box.jackfield("history", "--json").stdout.count('"failed"') == 1


EVENTS = """
import collections, json, sys, time
from pathlib import Path
from jackfield.config.secrets import Secrets
from jackfield.telephony.ami import AmiClient
seen = collections.Counter()
spy = AmiClient("127.0.0.1", 5038, "spy", "spy-secret", on_event=lambda name, message: seen.update([name]))
secret = Secrets.load(Path("/var/lib/jackfield/asterisk/secrets.toml")).ami_secret
ours = AmiClient("127.0.0.1", 5038, "jackfield", secret)
spy.connect(); ours.connect()
ours.action("Originate", Channel="Local/s@try", Context="try", Exten="s", Priority="1", Async="true")
time.sleep(4)
print(json.dumps(seen))
"""


def test_events_are_dropped_at_the_source(box):
    """Even one who may read everything sees none of what is disabled."""
    import json

    custom = box.files / "var/lib/jackfield/asterisk/custom"
    custom.mkdir(exist_ok=True)
    (custom / "manager.conf").write_text("[spy]\nsecret = spy-secret\nread = all\nwrite = all\n")
    (custom / "extensions.conf").write_text(
        "[try]\nexten => s,1,Answer()\n same => n,Set(A=1)\n"
        " same => n,MusicOnHold(default,1)\n same => n,Playback(hello-world)\n"
    )
    box.asterisk("manager reload")
    box.asterisk("dialplan reload")
    try:
        told = box.run(*ENVIRONMENT, "python3", "-c", EVENTS)
    finally:
        shutil.rmtree(custom)
        box.asterisk("manager reload")
        box.asterisk("dialplan reload")
    seen = json.loads(told.stdout)
    assert seen["Newchannel"] == 2
    assert seen["Hangup"] == 2
    wanted = "Newchannel Newstate Hangup DialBegin DialEnd BridgeEnter BridgeLeave Rename"
    phones = "FullyBooted ContactStatus DeviceStateChange Registry SuccessfulAuth"
    assert set(seen) <= {*wanted.split(), *phones.split()}


def test_voices(root):
    tools = Tools(("chroot", str(root), "espeak-ng"), ("chroot", str(root), "sox"))
    for text, language in (("Good morning, how are you?", "en"), ("早上好，你好吗？", "zh")):
        sound = tools.speak(text, language)
        samples = memoryview(sound).cast("h")
        assert 0.6 * RATE < len(samples) < 4 * RATE
        assert 15000 < max(map(abs, samples)) < 17500  # -6 dBFS is 16,422
        assert max(map(abs, samples[: RATE // 100])) < 1000  # no click at the start
        assert len(g711.encode(sound, "ulaw")) == len(g711.encode(sound, "alaw")) == len(samples)
    with pytest.raises(SoundError, match="nothing can be heard"):
        tools.speak("", "en")


def tone(root, kind, rate, channels, seconds):
    output = ["-r", str(rate), "-c", str(channels), "-t", kind, "-"]
    command = ["chroot", str(root), "sox", "-n", *output, "synth", seconds, "sine", "440", "vol", "0.1"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_uploads(root):
    tools = Tools(("chroot", str(root), "espeak-ng"), ("chroot", str(root), "sox"))
    wav = tone(root, "wav", 44100, 2, "2")
    sound = tools.upload(wav)
    assert len(sound) == pytest.approx(2 * 2 * RATE, rel=0.01)
    assert 15000 < max(map(abs, memoryview(sound).cast("h"))) < 17500
    assert len(tools.upload(tone(root, "flac", 16000, 1, "1"))) == pytest.approx(2 * RATE, rel=0.01)
    with pytest.raises(SoundError, match=r"holds no sound|refuses it"):
        tools.upload(b"RIFF1234WAVE" + bytes(100))
    with pytest.raises(SoundError, match="longer than 10 minutes"):
        tools.upload(tone(root, "wav", 8000, 1, "602"))
