"""Addresses that are kept out, and extensions that may not call outside."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock, span
from jackfield_admintui.widgets.grid import Column, Row


class Bans(ListScreen):
    """Bans of addresses, blocks of extensions, and who is never banned."""

    heading = N_("Bans")
    help_text = N_(
        "Addresses that guessed passwords or sent too much are kept out for a while; extensions that called too much "
        "too dear may not call outside. x lets in again; b bans an address; a says that a network is never banned."
    )
    topics = frozenset({"alarm", "dropped"})
    identity = "id"
    empty = N_("Nobody is banned or blocked.")
    needs: ClassVar = {"ban": "bans.add", "let_in": "bans.remove", "allow": "bans.allow"}
    columns = (
        Column("what", N_("What"), lambda row: str(row["what"]), most=20),
        Column("name", N_("Who"), most=40, flex=True),
        Column(
            "since", N_("Since"), lambda row: clock(row.get("since"), date=True) if row.get("since") else "", most=19
        ),
        Column("left", N_("Still"), lambda row: span(row.get("left")), right=True, drop=1),
        Column("reason", N_("Reason"), most=60, flex=True, drop=2),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "let_in", N_("Let in")),
        Binding("b", "ban", N_("Ban an address")),
        Binding("a", "allow", N_("Never ban")),
    ]

    async def rows(self) -> list[Row]:
        """Bans, blocks, and those who are safe."""
        found = await self.ask("bans")
        rows: list[Row] = [
            {"id": f"b{ban['address']}", "what": N_("banned"), "name": ban["address"], "since": ban.get("since"),
             "left": ban["seconds_left"], "reason": ban["reason"], "kind": "ban"}
            for ban in found["bans"]
        ]  # fmt: skip
        if self.console.can("blocks"):
            rows += [
                {"id": f"x{block['extension']}", "what": N_("not outside"), "name": block["extension"], "kind": "block",
                 "since": block["since"], "reason": block["reason"]}
                for block in await self.ask("blocks")
            ]  # fmt: skip
        rows += [
            {"id": f"a{each}", "what": N_("never banned"), "name": str(each), "kind": "allowed"}
            for each in found["allowed"]
        ]
        if not found["enforced"]:
            self.notify(_("The firewall does not answer: bans are noted, but not enforced."), severity="warning")
        return rows

    def action_let_in(self) -> None:
        """Take the ban, the block or the exception away."""
        row = self.current
        if row is None:
            return
        method, name = {
            "ban": ("bans.remove", "address"), "block": ("blocks.remove", "extension"),
            "allowed": ("bans.disallow", "network"),
        }[row["kind"]]  # fmt: skip

        async def remove() -> None:
            await self.ask(method, **{name: row["name"]})

        self.confirm(_("Take this away: {what} {name}?").format(what=row["what"], name=row["name"]), remove)

    def action_ban(self) -> None:
        """Keep an address out."""

        async def ban(line: str) -> None:
            await self.ask("bans.add", address=line)

        self.prompt(_("Which address is to be kept out?"), ban, hint="198.51.100.7")

    def action_allow(self) -> None:
        """A network that is never banned."""

        async def allow(line: str) -> None:
            await self.ask("bans.allow", network=line)

        self.prompt(_("Which network is never to be banned?"), allow, hint="192.0.2.0/24")
