"""Every channel variable of ours, once. The dialplan template uses the same names."""

from __future__ import annotations

STATUS = "JF_STATUS"
"""`done`: the script's last act; `refused`: too many calls. Anything else means that the daemon was lost."""
CAUSE = "JF_CAUSE"
"""Q.850 cause with which the dialplan hangs up when the status is `done`."""
AT = "JF_AT"
"""The destination where the call is, as in `queue:sales`."""
STATE = "JF_STATE"
"""The checkpoint: what a new daemon needs to go on with the call. URL-safe base64 of JSON."""
TRUNK = "JF_TRUNK"
"""The trunk that a call came over; set on the endpoint."""
EXTENSION = "JF_EXT"
"""The extension that a call came from; set on the endpoint."""
CALL = "JF_CALL"
"""The call that a channel began in; legs inherit it from the channel that dialled them."""
TRANSFER = "JF_TRANSFER"
"""The number that a channel was transferred to, until the daemon has taken note of it."""
TRANSFERRER = "BLINDTRANSFER"
"""The channel that transferred this one; Asterisk sets it at REFER."""
MONITORED = "JF_MONITORED"
"""The channel whose talk a supervisor joins."""
GUARD = "TIMEOUT(absolute)"
"""Asterisk's own guard: the dialplan sets it before AGI, the daemon clears it as its first act."""
CALLER_NUMBER = "CALLERID(num)"
CALLER_PRESENTATION = "CALLERID(pres)"
"""`prohib`: phones and trusted carriers are told that the caller is withheld, others get no number."""
CALLER = "JF_CALLER"
"""The caller's number, while the channel shows another one to those whom it rings."""
MUSIC = "JF_MUSIC"
"""The class of music that a lost daemon played; '' is `default`."""
DIAL_STATUS = "DIALSTATUS"
REDIRECTING = (
    "REDIRECTING(from-num,i)",
    "REDIRECTING(from-name,i)",
    "REDIRECTING(orig-num,i)",
    "REDIRECTING(orig-name,i)",
)
"""Who was diverted, as SIP's Diversion tells it; `i` keeps Asterisk from telling anybody of the change."""
SOUNDS = "CHANNEL(language)"
"""Where Asterisk looks for sounds that it plays by itself."""
OWN_SOUNDS = "jackfield/"
"""Before a language: our folder of them. Ours are named in full otherwise, and need no language of the channel."""
PRESENTATION = "CALLERID(pres)"
"""Whether a number may be shown."""
EXIT_ON_HANGUP = "AGIEXITONHANGUP"
"""With `yes`, Asterisk closes the AGI connection when the caller hangs up, and a frozen daemon leaks no channel."""
