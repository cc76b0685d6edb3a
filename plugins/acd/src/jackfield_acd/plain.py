"""The plain fallback: what Asterisk does with callers in line when the daemon is away for long.

The daemon keeps in Asterisk's own database which agents would serve each queue; the dialplan of `jf-plain-queue` makes
them members of Asterisk's `Queue()` when a caller is sent there. When the daemon is back, it takes the members out;
`leavewhenempty` then lets go of those who still wait, and core's rescue path brings them back to the daemon and to
their old places. So does a queue without agents: its callers hear music until somebody is there to serve them.

Who is to have a named agent waits in a queue of that agent's; who is to go back, rings at the phone that sent them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from jackfield.config.fragments import Fragment

from jackfield_acd.kinds import RESERVED, Agent, Queue
from jackfield_acd.to_agent import BACK, DIALLED, KIND, queue_of

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
        Fragment("extensions.conf", _entries(queues) + _SERVE + _to_agent(site)),
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


_BACK = f"""\

[jf-plain-{KIND}]
include => jf-late
exten => {BACK},1,Set(JF_BACK=${{BLINDTRANSFER}}${{ATTENDEDTRANSFER}})
 same => n,Set(JF_BACK=${{CUT(JF_BACK,/,2)}})
 same => n,Set(JF_BACK=${{FILTER(0-9,${{CUT(JF_BACK,-,1)}})}})
 same => n,GotoIf($[${{DIALPLAN_EXISTS(jf-plain-extension,${{JF_BACK}},1)}}]?jf-plain-extension,${{JF_BACK}},1)
"""


def _to_agent(site: Site) -> str:
    """`back` without an agent to go back to leads to the site's fallback; a fallback that leads here ends the call."""
    fallback = site.general.fallback
    if fallback.startswith(f"{KIND}:"):
        lines = [" same => n,Hangup(41)"]
    else:
        lines = [f" same => n,Set(JF_AT={fallback})", " same => n,Goto(jf-late,s,1)"]
    taken = {BACK, DIALLED}
    for agent in site.all("agent", Agent):
        queue, alike = queue_of(site, agent.name), agent.name.replace("-", "")
        where = f"jf-plain-queue,{queue}" if queue else f"jf-plain-extension,{agent.extension}"
        if (queue or agent.extension) and alike not in taken and alike.lower() not in RESERVED:
            taken.add(alike)
            lines.append(f"exten => {agent.name},1,Goto({where},1)")
    return _BACK + "\n".join(lines) + "\n"


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
