"""Commands on bans and blocks: bans, ban, unban, allow, disallow, blocks, block, unblock."""

from __future__ import annotations

from typing import Annotated

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="As in 192.0.2.1 or 2001:db8::1.")]
ExtensionArgument = Annotated[str, typer.Argument(metavar="EXTENSION", help="As in 201.")]
NetworkArgument = Annotated[str, typer.Argument(metavar="NETWORK", help="As in 192.0.2.1 or 192.0.2.0/24.")]


def bans(json: Json = False) -> None:
    """List banned addresses, what is never banned, and whether the firewall enforces it."""
    found = ask("bans")
    if json:
        output.as_json(found)
        return
    output.records(found["bans"], _("Nobody is banned."))
    for title, key in ((_("allowed"), "allowed"), (_("trunks and site"), "site"), (_("phones"), "phones")):
        if found[key]:
            output.note(_("never banned, {title}: {networks}").format(title=title, networks=", ".join(found[key])))
    if not found["enforced"]:
        output.note(_("Bans are NOT enforced: see systemctl status jackfield-firewall"))


def ban(
    address: AddressArgument,
    seconds: Annotated[int, typer.Option(help="Length; 0 is as long as the rule says.")] = 0,
    json: Json = False,
) -> None:
    """Ban an address: its SIP packets are dropped."""
    found = ask("bans.add", address=address, length=seconds)
    output.as_json(found) if json else output.note(
        _("{address} is banned for {seconds_left} s.").format(
            address=found["address"], seconds_left=found["seconds_left"]
        )
    )


def unban(address: AddressArgument, json: Json = False) -> None:
    """End the ban of an address."""
    found = ask("bans.remove", address=address)
    output.as_json(found) if json else output.note(
        _("{address} is not banned any more.").format(address=found["address"])
    )


def allow(network: NetworkArgument, json: Json = False) -> None:
    """Never ban or limit an address or network; its bans end."""
    found = ask("bans.allow", network=network)
    output.as_json(found) if json else output.note(_("{network} is never banned.").format(network=found["network"]))


def disallow(network: NetworkArgument, json: Json = False) -> None:
    """Take back what `jackfield allow` allowed."""
    found = ask("bans.disallow", network=network)
    output.as_json(found) if json else output.note(_("{network} may be banned again.").format(network=found["network"]))


def blocks(json: Json = False) -> None:
    """List extensions that may not call outside."""
    found = ask("blocks")
    output.as_json(found) if json else output.records(found, _("No extension is blocked."))


def block(
    extension: ExtensionArgument,
    reason: Annotated[str, typer.Option(help="Why.")] = "by an administrator",
    json: Json = False,
) -> None:
    """Keep an extension from calling outside; emergency calls pass."""
    found = ask("blocks.add", extension=extension, reason=reason)
    output.as_json(found) if json else output.note(
        _("{extension} may not call outside any more.").format(extension=found["extension"])
    )


def unblock(extension: ExtensionArgument, json: Json = False) -> None:
    """Let an extension call outside again."""
    found = ask("blocks.remove", extension=extension)
    output.as_json(found) if json else output.note(
        _("{extension} may call outside again.").format(extension=found["extension"])
    )


COMMANDS = (bans, ban, unban, allow, disallow, blocks, block, unblock)
