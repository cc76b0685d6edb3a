"""The plain fallback: what Asterisk does with callers in line when the daemon is away for long.

The daemon keeps in Asterisk's own database which agents would serve each queue; the dialplan of `jf-plain-queue` makes
them members of Asterisk's `Queue()` when a caller is sent there. When the daemon is back, it takes the members out;
`leavewhenempty` then lets go of those who still wait, and core's rescue path brings them back to the daemon and to
their old places. So does a queue without agents: its callers hear music until somebody is there to serve them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from jackfield.config.fragments import Fragment

from jackfield_acd.kinds import Queue

if TYPE_CHECKING:
    from jackfield.config.site import Site

FAMILY = "jackfield-agents"
CHUNK_BYTES = 890
"""AMI takes lines of 1,024 bytes, core's broker values of 900."""
MORE = "+"
"""Ends a chunk that another one follows."""


def fragments(site: Site) -> list[Fragment]:
    """queues.conf, the dialplan and the modules, if the site has queues."""
    queues = site.all("queue", Queue)
    if not queues:
        return []
    modules = ("app_queue.so", "func_db.so", "func_strings.so")
    return [
        Fragment("queues.conf", _HEAD + "\n".join(map(_section, queues))),
        Fragment("extensions.conf", _entries(queues) + _SERVE),
        Fragment("modules.conf", "\n".join(modules) + "\n"),
    ]


_HEAD = """\
[general]
persistentmembers = no
autofill = yes
shared_lastcall = yes

"""


def _section(queue: Queue) -> str:
    return f"""\
[{queue.name}]
strategy = leastrecent
timeout = {queue.ring_seconds}
retry = 1
wrapuptime = {queue.wrapup_seconds}
musicclass = {queue.music}
ringinuse = no
joinempty = yes
leavewhenempty = invalid
announce-frequency = 0
"""


def _entries(queues: Iterable[Queue]) -> str:
    lines = ["[jf-plain-queue]", "include => jf-late"]
    for queue in queues:
        lines.append(f"exten => {queue.name},1,Set(JF_PLAIN={queue.name})")
        lines.append(" same => n,Goto(jf-plain-queue-serve,s,1)")
    return "\n".join(lines) + "\n\n"


_SERVE = f"""\
; jf-late brings core's `h`: it notes for the record when the call ended.
[jf-plain-queue-serve]
include => jf-late
exten => s,1,Set(JF_PLAIN_CHUNK=0)
 same => n(chunk),Set(JF_PLAIN_CHUNK=$[${{JF_PLAIN_CHUNK}} + 1])
 same => n,Set(JF_PLAIN_AGENTS=${{DB({FAMILY}/${{JF_PLAIN}}+${{JF_PLAIN_CHUNK}})}})
 same => n(next),Set(JF_PLAIN_AGENT=${{SHIFT(JF_PLAIN_AGENTS,&)}})
 same => n,GotoIf($["${{JF_PLAIN_AGENT}}" = ""]?wait)
 same => n,GotoIf($["${{JF_PLAIN_AGENT}}" = "{MORE}"]?chunk)
 same => n,AddQueueMember(${{JF_PLAIN}},${{JF_PLAIN_AGENT}})
 same => n,Goto(next)
 same => n(wait),Queue(${{JF_PLAIN}})
 same => n,Goto(jf-rescue,s,1)
"""


def stored(queue: str, agents: Iterable[str]) -> dict[str, str]:
    """What to put into Asterisk's database for a queue: `{key: value}` below `FAMILY`.

    Args:
        queue: its name.
        agents: phones of agents, as in `201`.
    """
    chunks = [""]
    for agent in agents:
        item = f"PJSIP/{agent}&"
        if len(chunks[-1]) + len(item) > CHUNK_BYTES:
            chunks.append("")
        chunks[-1] += item
    last = len(chunks) - 1
    return {f"{queue}+{n + 1}": c + MORE if n < last else c.rstrip("&") for n, c in enumerate(chunks)}


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Values that must be written."""
    return {key: value for key, value in after.items() if before.get(key) != value}
