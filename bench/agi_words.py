"""What Asterisk says to a FastAGI server."""

from __future__ import annotations


def environment(number: int, token: str = "token", trunk: str = "carrier", did: str = "15550199") -> bytes:
    """What Asterisk sends first for one call, with the arguments of our own dialplan."""
    values = {
        "network": "yes", "network_script": "trunk", "request": "agi://127.0.0.1:4573/trunk",
        "channel": f"PJSIP/{trunk}-{number:08x}",
        "language": "en", "type": "PJSIP", "uniqueid": f"1795290000.{number}", "version": "22.10.1",
        "callerid": f"1555{number:04}",
        "calleridname": "Bench", "callingpres": "0", "callingani2": "0", "callington": "0", "callingtns": "0",
        "dnid": did, "rdnis": "unknown", "context": "jf-trunk", "extension": did, "priority": "2",
        "enhanced": "0.0", "accountcode": "", "threadid": "139872", "arg_1": token, "arg_2": trunk,
    }  # fmt: skip
    return "".join(f"agi_{key}: {value}\n" for key, value in values.items()).encode() + b"\n"
