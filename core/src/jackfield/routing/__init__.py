"""Where a call goes: inbound routes, internal dialling, destinations."""
