"""The site's configuration: lists and forms, plan and history, routes, first run."""

from __future__ import annotations

from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_

_HERE = "jackfield_admintui.editing"


def _set_up(name: str, title: str, target: str, key: str = "", in_menu: bool = True) -> Entry:
    return Entry(name, title, f"{_HERE}.{target}", Group.SETUP, key, "site.objects", in_menu)


ENTRIES = [
    _set_up("first-run", N_("First set-up"), "first_run:FirstRun", "F"),
    _set_up("site-trunks", N_("Trunks"), "objects:Trunks", "T"),
    _set_up("dids", N_("Inbound routes"), "objects:InboundRoutes", "I"),
    _set_up("outbound-routes", N_("Outbound routes"), "objects:OutboundRoutes", "O"),
    _set_up("site-extensions", N_("Extensions"), "objects:Extensions", "E"),
    _set_up("site-menus", N_("Voice menus"), "menu_tree:MenuTree", "M"),
    _set_up("site-queues", N_("Queues"), "objects:Queues", "Q"),
    _set_up("site-agents", N_("Agents"), "objects:Agents", "A"),
    _set_up("site-hours", N_("Business hours"), "objects:BusinessHours", "H"),
    _set_up("caller-lists", N_("Caller lists"), "objects:CallerLists", "L"),
    _set_up("site-prompts", N_("Prompts"), "prompts:Prompts", "P"),
    _set_up("which-way", N_("Which way?"), "routes:WhichWay", "W"),
    _set_up("kinds", N_("Everything"), "kinds:Kinds", "K"),
    _set_up("plan", N_("Plan"), "plan:PlanScreen", "D"),
    _set_up("history", N_("History"), "history:History", "Y"),
    _set_up("revisions", N_("Changes of the draft"), "history:Revisions", in_menu=False),
    _set_up("objects", N_("Objects"), "objects:Objects", in_menu=False),
    _set_up("object", N_("Object"), "object_form:ObjectForm", in_menu=False),
]
