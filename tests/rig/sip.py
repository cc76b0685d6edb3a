"""Telephone sides: carriers that place calls over a trunk, and registered phones."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Sequence

from .call import Call
from .capture import Capture
from .dialog import Dialog, SipMessage
from .hostsys import RigError
from .net import Party
from .plan import Step, talk_seconds, until_bye, wait
from .schedule import Scheduler
from .sipp import (
    Workshop,
    fill,
    key_actions,
    key_receipts,
    play,
    refusal_actions,
    refusal_receipts,
    rejections,
)

NEVER_MS = 86_400_000
PHONE_TALK = 600.0  # seconds of sound that a phone has ready for a call


class Side:
    """What carriers and phones share: a party, its capture, SIPp and the scheduler."""

    def __init__(
        self,
        party: Party,
        capture: Capture,
        workshop: Workshop,
        scheduler: Scheduler,
        target: str,
        run_id: str,
    ) -> None:
        """target: the node's address, with :port if not 5060."""
        self.party, self.capture, self.target = party, capture, target
        self.workshop, self.scheduler, self.run_id = workshop, scheduler, run_id
        workshop.key_sounds()

    def _place(
        self,
        to: str,
        from_header: str,
        user: str,
        address: str,
        tone: int,
        plan: Sequence[Step] | None,
        headers: Sequence[str],
        login: tuple[str, str] | None,
    ) -> Call:
        steps = list(plan) if plan else [until_bye()]
        giving_up = steps[0] if steps[0].kind == "cancel" else None
        # A plan that ends without a hang-up stays until the far side ends the call.
        if not giving_up and steps[-1].kind != "hangup":
            steps.append(until_bye())
        sip, rtp, control = self.workshop.ports()
        uid = f"jf{self.run_id}p{self.party.name}n{sip}"
        auth = f"[authentication username={login[0]} password={login[1]}]" if login else ""
        pcap = self.workshop.sound(steps, tone)
        values: dict[str, object] = {
            "TO": to,
            "FROM": from_header,
            "USER": user,
            "UID": uid,
            "PLAY": play(pcap),
            "CSEQ": 2 if login else 1,
            "AUTH": auth,
            "HEADERS": "\n".join(headers),
            "PATIENCE_MS": 180_000,
            "TALK_MS": max(1, round(talk_seconds(steps) * 1000)),
            "REJECTIONS": rejections(),
            "KEYS": key_receipts(),
            "MEDIA_PORT": "media_port",
            "KEY_ACTIONS": key_actions(pcap),
        }
        values["PREAMBLE"] = fill("auth_preamble", values) if login else ""
        values["REINVITE"] = fill("reinvite", values)
        self.capture.dialogs[uid] = Dialog(uid, answers_challenges=login is not None)
        process = self.workshop.start(
            "call",
            fill("caller", values),
            self.target,
            address,
            sip,
            rtp,
            control,
            ["-m", "1", "-cid_str", uid],
        )
        call = Call(self.capture, uid, process, tone)
        if giving_up:
            self._give_up(call, giving_up)
        return call

    def _give_up(self, call: Call, step: Step) -> None:
        def hear(dialog: Dialog, message: SipMessage) -> None:
            code = {"ringing": 180, "progress": 183, "invite": 100}[step.digits]
            if dialog.call_id == call.call_id and message.code == code and not message.outgoing:
                self.capture.listeners.remove(hear)
                self.scheduler.after(step.seconds, call.hang_up)

        self.capture.listeners.append(hear)


class Carrier(Side):
    """A trunk: calls from its address, which the node takes as proof of identity."""

    def __init__(self, side: Side, tones: Callable[[], int]) -> None:
        """tones: gives each call a frequency of its own."""
        super().__init__(side.party, side.capture, side.workshop, side.scheduler, side.target, side.run_id)
        self.tones = tones

    def call(
        self,
        to: str,
        *,
        from_number: str = "15550199",
        from_name: str = "",
        plan: Sequence[Step] | None = None,
        tone: int | None = None,
        headers: Sequence[str] = (),
    ) -> Call:
        """Places a call and returns at once.

        plan: what happens after the answer (see plan.py); by default the own tone until
        the far side hangs up. tone: its frequency; by default one that no one else has.
        from_name may hold any characters but NUL, CR, LF and `[`.
        """
        name = from_name.replace("\\", "\\\\").replace('"', '\\"')
        display = f'"{name}" ' if name else ""
        from_header = f"{display}<sip:{from_number}@{self.party.address}>"
        return self._place(to, from_header, from_number, self.party.address, tone or self.tones(), plan, headers, None)


class Phone(Side):
    """A telephone with an account on the node.

    Change answer_after, refuse_with and hang_up_after at any time; they hold for the
    next call.
    """

    def __init__(
        self,
        side: Side,
        user: str,
        password: str,
        address: str,
        tone: int,
        answer_after: float | None = 1.0,
        refuse_with: int | None = None,
        hang_up_after: float | None = None,
        standalone: bool = False,
    ) -> None:
        """answer_after: seconds of ringing, None: never answers. refuse_with: a SIP code.

        hang_up_after: seconds of talk, None: stays until the far side hangs up.
        standalone: SIPp keeps these times itself, so they cannot change, but hold after
        this process has gone.
        """
        super().__init__(side.party, side.capture, side.workshop, side.scheduler, side.target, side.run_id)
        self.user, self.password, self.address, self.tone = user, password, address, tone
        self.answer_after, self.refuse_with = answer_after, refuse_with
        self.hang_up_after, self.standalone = hang_up_after, standalone
        self.mute = False
        """Says nothing to a call but 100 Trying."""
        self.expires = 3600
        self._calls: dict[str, Call] = {}
        self._waiting: set[str] = set()
        self._registered = False
        self._start()
        self.capture.listeners.append(self._hear)

    def _start(self) -> None:
        sip, rtp, control = self.workshop.ports()
        self._port = sip
        uid = f"jf{self.run_id}u{self.user}n{sip}"
        pcap = self.workshop.sound([wait(PHONE_TALK)], self.tone)
        alone = self.standalone
        values: dict[str, object] = {
            "USER": self.user,
            "UID": uid,
            "PLAY": play(pcap),
            "MEDIA_PORT": "auto_media_port",
            "RING_MS": 1 if alone else NEVER_MS,
            "ANSWER_MS": milliseconds(self.answer_after) if alone else NEVER_MS,
            "TALK_MS": milliseconds(self.hang_up_after) if alone else NEVER_MS,
            "REFUSE": refusal_receipts(),
            "REFUSE_ACTIONS": refusal_actions(uid),
            "KEYS": key_receipts(),
            "KEY_ACTIONS": key_actions(pcap),
        }
        values["REINVITE"] = fill("reinvite", values)
        self._process = self.workshop.start(
            f"phone{self.user}", fill("called", values), "", self.address, sip, rtp, control
        )

    def wait_listening(self, timeout: float = 10) -> None:
        """Waits until its SIPp takes messages."""
        deadline = time.monotonic() + timeout
        with self.party.socket(socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            while time.monotonic() < deadline:
                here = "{}:{}".format(*sock.getsockname())
                uid = f"jf{self.run_id}o{time.monotonic_ns()}"
                text = (
                    f"OPTIONS sip:{self.user}@{self.address} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{uid}\r\n"
                    f"From: <sip:rig@{here}>;tag=1\r\nTo: <sip:{self.user}@{self.address}>\r\nCall-ID: {uid}\r\n"
                    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
                )
                try:
                    sock.sendto(text.encode(), (self.address, self._port))
                    sock.recv(4096)
                    return
                except OSError:
                    time.sleep(0.1)
        raise RigError(f"{self.user} does not listen at {self.address}:{self._port}: {self._process.errors()[-600:]}")

    def register(self) -> None:
        """Registers with the node and keeps the registration.

        Raises RigError if the node refuses.
        """
        self._registration(self.expires)
        self._registered = True
        self.scheduler.after(self.expires / 2, self._again)

    def unregister(self) -> None:
        """Takes the registration back."""
        self._registered = False
        self._registration(0)

    def _again(self) -> None:
        if self._registered:
            self.register()

    def _registration(self, expires: int) -> None:
        sip, rtp, control = self.workshop.ports()
        values = {
            "USER": self.user,
            "PASSWORD": self.password,
            "EXPIRES": expires,
            "CONTACT_PORT": self._port,
            "UID": f"jf{self.run_id}r{sip}",
        }
        process = self.workshop.start(
            f"register{self.user}",
            fill("register", values),
            self.target,
            self.address,
            sip,
            rtp,
            control,
            ["-m", "1", "-timeout", "10s", "-timeout_error"],
        )
        try:
            code = process.popen.wait(15)
        except subprocess.TimeoutExpired:
            process.stop()
            code = -1
        if code:
            raise RigError(f"The node did not register {self.user} (SIPp ended with {code}): {process.errors()[-600:]}")

    def _mine(self, message: SipMessage) -> bool:
        return not message.outgoing and f"@{self.address}:{self._port}" in message.start

    def _hear(self, dialog: Dialog, message: SipMessage) -> None:
        """Runs on the capture's thread for every SIP message: starts what is to happen."""
        if message.code == 0 and message.method == "INVITE" and self._mine(message):
            if dialog.call_id in self._calls or "tag=" in message.header("to", "t"):
                return
            call = Call(self.capture, dialog.call_id, self._process, self.tone)
            with self.capture.changed:
                self._calls[dialog.call_id] = call
                self._waiting.add(dialog.call_id)
                self.capture.changed.notify_all()
        elif message.code == 100 and message.outgoing and dialog.call_id in self._waiting:
            # The card shows the INVITE before SIPp has read it; the 100 shows that it has.
            self._waiting.discard(dialog.call_id)
            call = self._calls[dialog.call_id]
            if not self.standalone:
                self.scheduler.after(0, lambda: self._answering(call))
        elif (
            message.method == "ACK"
            and dialog.call_id in self._calls
            and not message.outgoing
            and self.hang_up_after is not None
            and not self.standalone
            and dialog.answered_at is not None
        ):
            self.scheduler.after(self.hang_up_after, self._calls[dialog.call_id].hang_up)

    def _answering(self, call: Call) -> None:
        if self.mute:
            return
        if self.refuse_with is not None:
            call.steer(f"RIGREFUSE{self.refuse_with}")
            return
        call.steer("RIGRING")
        if self.answer_after is not None:
            self.scheduler.after(self.answer_after, lambda: self.answer(call))

    def answer(self, call: Call | None = None) -> None:
        """Answers a ringing call (by default the last that came) now."""
        call = call or self.calls[-1]
        if call.dialog.final is None and call.dialog.cancel_at is None:
            call.answering = True
            call.steer("RIGANSWER")

    def refuse(self, code: int = 486, call: Call | None = None) -> None:
        """Refuses a ringing call (by default the last that came) now."""
        (call or self.calls[-1]).steer(f"RIGREFUSE{code}")

    @property
    def calls(self) -> list[Call]:
        """The calls that came to this phone so far, in order."""
        with self.capture.changed:
            return list(self._calls.values())

    def wait_call(self, number: int = 1, timeout: float = 10) -> Call:
        """Waits until `number` calls have come in all; returns that call."""
        deadline = time.monotonic() + timeout
        with self.capture.changed:
            while len(self._calls) < number:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(
                        f"phone {self.user}: waited {timeout:g} s in vain for call {number}; "
                        f"{len(self._calls)} came.\n{self._process.errors()[-800:]}"
                    )
                self.capture.changed.wait(left)
            return list(self._calls.values())[number - 1]

    def call(self, to: str, *, plan: Sequence[Step] | None = None, headers: Sequence[str] = ()) -> Call:
        """Dials from this phone (an extension, an outside number, *11…), with its login."""
        from_header = f"<sip:{self.user}@{self.target.partition(':')[0]}>"
        return self._place(
            to.replace("#", "%23"),
            from_header,
            self.user,
            self.address,
            self.tone,
            plan,
            headers,
            (self.user, self.password),
        )

    def stop(self) -> None:
        """Switches the phone off at once, without unregistering."""
        self._registered = False
        if self._hear in self.capture.listeners:
            self.capture.listeners.remove(self._hear)
        self._process.stop()


def milliseconds(seconds: float | None) -> int:
    """A time for SIPp; None is a day, which no run lasts."""
    return NEVER_MS if seconds is None else max(1, round(seconds * 1000))
