"""What is left behind by `make demo KEEP=1`: phones that answer by themselves, and how to look around."""

from __future__ import annotations

from rig.node import enter_command

from .shop import AGENTS, REPOSITORY, Shop

ANSWER_AFTER = 3.0


def explain(shop: Shop) -> None:
    """Exchanges the phones for ones that need no process of ours, and prints what can be done."""
    rows, secrets = [], shop.secrets()
    for agent, extension in AGENTS.items():
        old, secret = shop.phones[agent], secrets[extension]
        old.unregister()
        old.stop()
        phone = shop.run.phone(
            shop.node, extension, secret, tone=shop.tones[agent], answer_after=ANSWER_AFTER, standalone=True
        )
        rows.append(f"    agent {agent}: extension {extension}, password {secret}, phone at {phone.address}")
    inside = " ".join(enter_command(shop.node.leader))
    rig = f"cd {REPOSITORY}/tests && python3 -m rig"
    print(
        "\n".join(
            [
                "",
                f"It stays up. Jackfield is at {shop.node.address} in a network of its own; as root on this machine:",
                f"  a shell in it:      {rig} shell {shop.run.id}",
                f"  the command line:   {inside} jackfield status   (agents, queues, calls, records, plan …)",
                f"  Asterisk's own:     {inside} asterisk -rvvv",
                f"  logs:               {inside} journalctl -f -u jackfieldd -u jackfield-worker -u asterisk",
                "  a phone of yours:   register as one of these by SIP over UDP, from the network namespace",
                f"                      {shop.carrier.party.netns} (ip netns exec …) at {shop.node.address}:5060;",
                f"                      the agents' own phones answer after {ANSWER_AFTER:g} s and sound a tone:",
                *rows,
                f"  end it:             {rig} down {shop.run.id}",
                "",
            ]
        )
    )
