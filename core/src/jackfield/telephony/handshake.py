"""Why a trunk over TLS is not reached: Asterisk only says that it is not, so the handshake is tried once more."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from jackfield.config.objects.trunk import Trunk

SECONDS = 2.0
"""For the connection, and again for the handshake: the alarm must be up within 5 s."""


def refusal(trunk: Trunk, authorities: Path, seconds: float = SECONDS) -> str:
    """What is wrong with the certificate that a carrier shows, in OpenSSL's words; '' if that is not the trouble.

    Waits for the network: not for threads that must be quick.

    Args:
        trunk: over TLS.
        authorities: PEM file with those that sign carriers' certificates.
        seconds: for the connection, and again for the handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies certificate and name (RFC 6125), as Asterisk
    host = trunk.host.strip("[]")
    try:
        context.load_verify_locations(authorities)
        with (
            socket.create_connection((host, trunk.peer_port), seconds) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError):  # nobody there, no TLS, no authorities: not the certificate's fault
        return ""
