"""The plain fallback: menus that Asterisk serves alone when the daemon is away for longer than the rescue lasts.

A caller's choice is written into `JF_AT`, and `jf-late` takes it from there to the plain form of that destination.
Before each reading it is looked whether the daemon is back; then the call goes back to it, and to its menu.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jackfield.config.fragments import Fragment

from jackfield_ivr.kinds import Menu
from jackfield_ivr.service import Choice, choices

if TYPE_CHECKING:
    from jackfield.config.site import Site

INVALID = "ivr-invalid"
NO_INPUT = "ivr-no-input"
_LEAVE = " same => n,Goto(jf-late,s,1)"


def fragments(site: Site) -> list[Fragment]:
    """The dialplan of all menus, if the site has any."""
    menus = site.all("menu", Menu)
    if not menus:
        return []
    entries = ["[jf-plain-ivr]", "include => jf-late"]
    entries += [f"exten => {menu.name},1,Goto(jf-plain-menu-{menu.name},s,1)" for menu in menus]
    blocks = ["\n".join(entries), *(_menu(site, menu) for menu in menus)]
    if any(menu.dial_extensions for menu in menus):
        blocks.append(_extensions(site.names("extension")))
    return [Fragment("extensions.conf", "\n\n".join(blocks) + "\n")]


def _menu(site: Site, menu: Menu) -> str:
    table = choices(menu)
    fallback = site.general.fallback
    lines = [
        f"[jf-plain-menu-{menu.name}]",
        "include => jf-late",
        *(["include => jf-plain-menu-extensions"] if menu.dial_extensions else []),
        "exten => s,1,Set(TIMEOUT(absolute)=0)",
        ' same => n,ExecIf($["${CHANNEL(state)}" != "Up"]?Answer())',
        f" same => n,Set(TIMEOUT(digit)={menu.between_seconds:g})",
        " same => n,Set(JF_TRIES=0)",
        ' same => n(again),GotoIf($["${STAT(e,${JF_UP})}" = "1"]?jf-rescue,s,1)',
        f" same => n,Background({_said(menu.prompt)})",
        f" same => n,WaitExten({menu.timeout_seconds:g})",
    ]
    for keys, choice in table.items():
        lines += _key(keys, choice, menu.prompt)
    lines += _miss("t", menu, menu.no_input or NO_INPUT, menu.on_timeout or fallback)
    lines += _miss("i", menu, menu.invalid or INVALID, menu.on_invalid or fallback)
    return "\n".join(lines)


def _key(keys: str, choice: Choice, prompt: str) -> list[str]:
    """What a row of keys does. The menu above is not known here: its key reads the menu again."""
    spoken = f'$["${{JF_SAY_{choice.language}_{prompt}}}" != ""]'
    steps = [f"ExecIf({spoken}?Set(JF_LANG={choice.language}))"] if choice.language is not None else []
    if choice.destination is None:
        steps.append("Goto(s,again)")
    else:
        steps += [f"Set(JF_AT={choice.destination})", "Goto(jf-late,s,1)"]
    return [f"exten => {keys},1,{steps[0]}", *(f" same => n,{step}" for step in steps[1:])]


def _miss(extension: str, menu: Menu, prompt: str, onward: str) -> list[str]:
    """A wrong key, or none."""
    return [
        f"exten => {extension},1,Set(JF_TRIES=$[${{JF_TRIES}} + 1])",
        f" same => n,GotoIf($[${{JF_TRIES}} >= {menu.tries}]?over)",
        f" same => n,Playback({_said(prompt)})",
        " same => n,Goto(s,again)",
        f" same => n(over),Set(JF_AT={onward})",
        _LEAVE,
    ]


def _said(prompt: str) -> str:
    """The sound of a prompt: core keeps those of all languages in global variables."""
    return f"${{JF_SAY_${{JF_LANG}}_{prompt}}}"


def _extensions(names: Iterable[str]) -> str:
    lines = ["[jf-plain-menu-extensions]"]
    for name in names:
        lines += [f"exten => {name},1,Set(JF_AT=extension:{name})", _LEAVE]
    return "\n".join(lines)
