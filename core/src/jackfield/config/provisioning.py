"""What to enter into a phone: the accounts of an extension, in the words of phones' menus."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from jackfield.config.objects.extension import Extension
from jackfield.config.phones import accounts
from jackfield.errors import UnsafeValue
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

if TYPE_CHECKING:
    from jackfield.config.objects.extension import Account
    from jackfield.config.site import Site

_CODECS = {"ulaw": "G.711 µ-law (PCMU)", "alaw": "G.711 A-law (PCMA)", "g722": "G.722", "opus": "Opus", "g729": "G.729"}


def accounts_of(site: Site, extension: str, host: str | None = None) -> list[dict[str, str]]:
    """The settings of each phone of an extension, its first phone first.

    Args:
        site: the site in force.
        extension: as in `201`.
        host: the server as phones reach it; by default the site's address, or the machine's address.

    Raises:
        UnsafeValue: there is no such extension.
    """
    if site.get("extension", extension, Extension) is None:
        raise UnsafeValue(
            _("the site in force has no extension {extension}; see: jackfield extensions").format(
                extension=repr(extension[:20])
            )
        )
    server = host or site.general.address or own_address()
    return [_settings(site, phone, account, server) for phone, account in accounts(site) if phone.name == extension]


def _settings(site: Site, phone: Extension, account: Account, server: str) -> dict[str, str]:
    bracketed = f"[{server}]" if ":" in server else server
    return {
        **_where(site, account, server, bracketed),
        "user_name": account.name,
        "authentication_name": account.name,
        "password": account.secret or "",
        "sip_address": f"sip:{account.name}@{bracketed}",
        "display_name": phone.title or phone.name,
        "codecs": ", ".join(_CODECS[codec] for codec in account.codecs),
        "dtmf": "RFC 2833 / RFC 4733",
        "registration_seconds": "300",
    }


def _where(site: Site, account: Account, server: str, bracketed: str) -> dict[str, str]:
    """Server, port, and how SIP and sound travel."""
    if account.webrtc:
        return {"server": f"wss://{bracketed}:{site.general.wss_port}/ws", "transport": "WSS (DTLS-SRTP, ICE)"}
    if account.media_encryption == "no":
        return {"server": server, "port": str(site.general.sip_port), "transport": "UDP (or TCP)"}
    return {
        "server": server,
        "port": str(site.general.tls_port),
        "transport": "TLS",
        "srtp": f"SDES ({account.media_encryption})",
    }


def own_address() -> str:
    """The address from which this machine would reach others; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
            return str(sock.getsockname()[0])
        except OSError:
            return socket.gethostname()
