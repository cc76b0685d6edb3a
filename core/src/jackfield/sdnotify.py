"""systemd's notification protocol (sd_notify(3)), without its library."""

from __future__ import annotations

import os
import socket


def notify(text: str) -> bool:
    """Send a state, as `READY=1` or `WATCHDOG=1`; several are separated by newlines.

    Returns:
        Whether it was sent; False when systemd does not listen (a start by hand) or is away.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto(text.encode(), address)
    except OSError:
        return False
    return True


def watchdog_seconds() -> float | None:
    """Seconds between two `WATCHDOG=1` (half of what systemd allows), or None when it does not watch this process."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return microseconds / 2_000_000 if microseconds > 0 else None
