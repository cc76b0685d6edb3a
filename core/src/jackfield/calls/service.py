"""The life of a call: from the AGI connection through its destinations to the final record."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from jackfield.calls import state
from jackfield.calls.arrival import Arrivals
from jackfield.calls.call import Call, Resume, Sounds
from jackfield.calls.dialling import Agents
from jackfield.calls.endnote import UnseenTalk
from jackfield.calls.ledger import Ledger
from jackfield.calls.lines import OUT, Lines
from jackfield.calls.live import Live
from jackfield.calls.outgoing import Outgoing, Situation
from jackfield.calls.party import Party
from jackfield.calls.path import Path
from jackfield.calls.registry import Channel, Registry, endpoint_of
from jackfield.calls.state import Facts
from jackfield.calls.transfer import Return, send_on
from jackfield.config.objects.extension import extension_of
from jackfield.config.site import Site
from jackfield.errors import CallerHungUp, JackfieldError, ProtocolError
from jackfield.privacy.mask import is_private, mask_number
from jackfield.records.models import CallRecord
from jackfield.routing import builtin
from jackfield.routing.destinations import DestinationKind, End, Goto, Result
from jackfield.routing.inbound import InboundRoutes
from jackfield.telephony import variables
from jackfield.telephony.agi import AgiSession, safe_environment
from jackfield.telephony.events import Message

if TYPE_CHECKING:
    from jackfield.features.desk import Desk
    from jackfield.plugins import PluginHost
    from jackfield.privacy.handler import WaysOut
    from jackfield.records.writer import RecordWriter
    from jackfield.services import EventBus

log = structlog.get_logger(__name__)
MAX_RESUMES = 5
"""Times that one call may come back; a call that kills the daemon each time is then sent to its fallback."""
GONE_SECONDS = 2.0
LET_GO_SECONDS = 1.0
"""How long a transferred call waits for the handler that it was taken from."""


class CallService:
    """All calls of the daemon."""

    def __init__(
        self,
        host: PluginHost,
        writer: RecordWriter,
        events: EventBus,
        token: str,
        zone_now: Callable[[], datetime],
        kinds: Callable[[WaysOut], Iterable[DestinationKind]] = lambda ways: builtin.kinds(ways_out=ways),
    ) -> None:
        """`kinds` gives core's own kinds of destinations; it is told how calls go outside."""
        self._host = host
        self._writer = writer
        self._events = events
        self._token = token
        self._now = zone_now
        self._lock = threading.Lock()
        self._live: dict[str, Live] = {}
        self._stalled: set[str] = set()
        self.lines = Lines()
        self.outgoing = Outgoing(
            Situation(Ledger(self.answered_at), self.lines), events, zone_now, self._goes_out, self._tried_trunk
        )
        self._path = Path(host, writer, [*kinds(self.outgoing), self.outgoing.kind()])
        self.registry: Registry
        self.desk: Desk
        self.recovery: Callable[[str], None] = lambda _: None
        """Told the id of each call that has come back or ended after a restart."""
        self.ended: Callable[[CallRecord], None] = lambda _: None
        """Told each call's final record."""
        self.admit: Callable[[bool, bool], bool] = lambda _inbound, _urgent: True
        """Asked whether a new call may come in: did it come over a trunk, is it an emergency."""
        self.dialling: Callable[[str], None] = lambda _: None
        """Told each endpoint that is about to be called."""
        self.transfer: Callable[[str, str], None] = lambda channel, number: None
        """Sends a channel to a number, as a phone's blind transfer does."""
        self._serve_site(Site({}), _NoSounds())

    def serve_site(self, site: Site, sounds: Sounds) -> None:
        """Serve another site; calls that are under way keep theirs."""
        self._serve_site(site, sounds)

    def _serve_site(self, site: Site, sounds: Sounds) -> None:
        arrivals = Arrivals(site, self._host.feature_codes, self.lines, self._now)
        self._serving = (site, sounds, arrivals)
        self._roles = dict.fromkeys(site.names("trunk"), "trunk")
        self._roles |= dict.fromkeys([*site.names("extension"), *site.names("device")], "phone")

    @property
    def site(self) -> Site:
        """The site that new calls get."""
        return self._serving[0]

    @property
    def routes(self) -> InboundRoutes:
        """The inbound routes that new calls take."""
        return self._serving[2].routes

    def leads(self, number: str) -> str:
        """Where a number leads that is no code; '' when nowhere."""
        return self._serving[2].leads(number)

    def at(self, identity: str) -> str:
        """The destination where a call is, or ''."""
        live = self._live.get(identity)
        return live.steps[-1].destination if live is not None and live.steps else ""

    def is_agent(self, channel: Channel) -> bool:
        """Whether a phone rings or talks for its agent."""
        live = self._live.get(channel.call)
        return bool(live is not None and live.agents.get(channel.endpoint))

    def persons(self) -> set[str]:
        """Kinds of destinations that lead to a person."""
        return self._path.persons()

    def kinds(self) -> dict[str, tuple[str, DestinationKind]]:
        """All kinds of destinations: `{kind: (plugin, …)}`, core's own with plugin ''."""
        return self._path.kinds()

    def count(self) -> int:
        """How many calls are live."""
        return len(self._live)

    def calls(self) -> list[Live]:
        """Calls that are live."""
        with self._lock:
            return list(self._live.values())

    # -- a thread's work -------------------------------------------------------------------------------------------

    def serve(self, session: AgiSession) -> None:
        """Serve one AGI connection to its end."""
        script = self._script(session)
        if script == "resume":
            self._resume(session, Return.read(session))
        elif self.admit(script == "trunk", self.urgent(session)):
            self._arrive(session, script, _origin(session))
        else:
            session.set_variable(variables.STATUS, "refused")
            self.refused(session)

    def urgent(self, session: AgiSession) -> bool:
        """Whether somebody at a phone dials an emergency number: no limit stands in the way of that."""
        if session.env.get("agi_network_script") != "phone":
            return False
        return self._serving[2].seeks_help(safe_environment(session, "agi_extension"))

    def _script(self, session: AgiSession) -> str:
        if not session.arguments or not hmac.compare_digest(session.arguments[0].encode(), self._token.encode()):
            raise ProtocolError(f"a stranger on the AGI port: {session.env.get('agi_request', '')[:80]!r}")
        script = str(session.env.get("agi_network_script", ""))
        if script not in ("trunk", "phone", "resume"):
            raise ProtocolError(f"no AGI script {script[:40]!r}; there are trunk, phone and resume")
        return script

    def refused(self, session: AgiSession) -> None:
        """Note a call that was refused because there are too many."""
        script = self._script(session)
        if script == "resume":  # the dialplan brings it again
            return
        live = Live(self._serving[2].facts(session, script, _origin(session)))
        self._writer.call_started(live.opening())
        self._writer.call_ended(live.record(End(Result.REJECTED, 42), ()))

    def _arrive(self, session: AgiSession, script: str, origin: str) -> None:
        site, sounds, arrivals = self._serving
        facts = arrivals.facts(session, script, origin)
        try:
            arrivals.ask(session, facts)
            first, facts.why = arrivals.first(facts)
        except BaseException:
            self.lines.release(facts.id)
            raise
        number = mask_number(facts.caller.number) if is_private([first]) else facts.caller.number
        log.info("call.arrived", call=facts.id, caller=number, did=facts.did, to=first, why=facts.why)
        live = Live(facts)
        call = self._make_call(session, live, site, sounds)
        self._writer.call_started(live.opening())
        self._run(live, call, lambda: self._first(call, first))

    def _first(self, call: Call, routed: str) -> str:
        self._events.publish("call", id=call.id, what="arrived")
        self._host.call("jackfield_call_arrived", call=call)
        for _, answer in self._host.call("jackfield_route_call", call=call):
            if isinstance(answer, Goto):
                return answer.destination
        return routed

    def _make_call(self, session: AgiSession, live: Live, site: Site, sounds: Sounds) -> Call:
        call = Call(session, live.facts, site, sounds, self._before_dial, self.answered_at)
        call.desk = self.desk
        live.call = call
        with self._lock:
            self._live[call.id] = live
        return call

    def _resume(self, session: AgiSession, back: Return) -> None:
        saved, talked = state.decode(back.state), back.dial_status == "ANSWER"
        identity = self.registry.call_of(back.channel) or (saved.facts.id if saved else back.call)
        with self._lock:
            live = self._live.get(identity)
        if live is not None and live.closed:
            live = None
        if back.transfer:
            live = live or self._forgotten(identity, saved, back)
            saved = self._transferred(live, saved, back)
        elif saved is None:
            if live is None:
                self._arrive(session, "phone" if back.extension else "trunk", back.extension or back.trunk)
                return
            # The handler had not said a word to Asterisk yet; the call was taken from it.
            saved = state.Saved(live.facts, "", len(live.steps), {}, {}, 0, False)
            self._stalled.add(identity)
        if live is None:
            # Of a talk that ended meanwhile, who answered may be on record; others are taken over from Asterisk's list.
            live = Live.restored(saved.facts, self._writer.find_call(identity) if talked else None)
            self._hold_lines(saved.facts)
        if live.call is not None:
            live.call.taken = True
        live.interrupted = live.interrupted or not back.transfer
        live.talked = live.talked or talked
        live.facts = saved.facts
        site, sounds, arrivals = self._serving
        call = self._make_call(session, live, site, sounds)
        call.restore(saved, Resume(back.dial_status), music=not back.transfer)
        self._writer.call_started(live.opening())
        self.registry.lead(back.channel, identity)
        self.recovery(identity)
        first = call.at
        if back.transfer:
            call.resumed, call.resumes = None, saved.resumes
            first, why = arrivals.transferred(call.facts)
            log.info("call.transferred", call=call.id, by=back.transferrer, number=back.transfer, to=first, why=why)
        elif identity in self._stalled or call.resumes > MAX_RESUMES:
            self._stalled.discard(identity)
            call.resumed, first = None, call.facts.fallback
        else:
            log.info("call.resumed", call=call.id, at=call.at, dial=back.dial_status, times=call.resumes)
        self._run(live, call, lambda: first)

    def _transferred(self, live: Live, saved: state.Saved | None, back: Return) -> state.Saved:
        """A phone has sent the call on: the step it was in is over."""
        sent = send_on(live, saved, back)
        step = live.transferred(f"transferred:{back.transferrer}")
        if step is not None:
            self._writer.step(step)
        self._events.publish("call", id=live.facts.id, what="transferred", by=back.transferrer)
        return sent

    def _forgotten(self, identity: str, saved: state.Saved | None, back: Return) -> Live:
        """A call that is transferred right after a restart: what is on record of it, or what Asterisk says."""
        facts = saved.facts if saved else Facts(identity, back.name, "internal", Party(), "", back.trunk or None)
        return Live.restored(facts, self._writer.find_call(identity))

    def _run(self, live: Live, call: Call, first: Callable[[], str]) -> None:
        end: End | None = None
        channel, live.thread = call.leader, threading.current_thread()
        alone = live.running.acquire(timeout=LET_GO_SECONDS if call.facts.transfer else 0.0)
        try:
            end = self._path.run(live, call, first())
            self._host.call("jackfield_call_answered", call=call) if live.answered_at() else None
            call.finish(end.cause)
        except CallerHungUp:
            pass
        except JackfieldError as error:
            log.warning("call.lost", call=call.id, error=str(error))
        finally:
            if alone:
                live.running.release()
            call.release()
            over = self._finish(live, call, end, GONE_SECONDS)
            if live.call is call:
                live.call = None
            if not over:
                self.registry.follow(channel)
                if not self._finish(live, call, end, 0.0):
                    log.info("call.lives_on", call=call.id)

    # -- what others tell -------------------------------------------------------------------------------------------

    def _before_dial(self, call: Call, agent: Agents, queue: str, endpoints: list[str]) -> None:
        live = self._live.get(call.id)
        if live is not None:
            live.agents = {e: agent if isinstance(agent, str) else agent.get(extension_of(e), "") for e in endpoints}
            live.queue = queue or live.queue
        for endpoint in endpoints:
            self.dialling(endpoint)
        one = agent if isinstance(agent, str) else ""
        self._host.call("jackfield_before_dial", call=call, agent=one, queue=queue)

    def _goes_out(self, call: Call, trunk: str, number: str) -> None:
        live = self._live.get(call.id)
        if live is not None:
            live.trunk_out, live.sent[trunk] = trunk, number
            self._writer.call_started(live.opening())

    def _tried_trunk(self, call: Call, trunk: str, outcome: str) -> None:
        live = self._live.get(call.id)
        if live is not None:
            live.tried.append(f"{trunk}:{outcome}")

    # -- the end ---------------------------------------------------------------------------------------------------

    def _finish(self, live: Live, call: Call | None, end: End | None, seconds: float) -> bool:
        """Make the record final once the last channel is gone; False when one is left after `seconds`."""
        identity = live.facts.id
        if call is not None and call.taken:
            return True
        gone = self.registry.wait_gone(identity, seconds)
        if call is not None and call.taken:  # it goes on elsewhere: resumed, or transferred
            return True
        if not gone:
            return False
        with live.lock:
            if live.closed:
                return True
            live.closed = True
        with self._lock:
            if self._live.get(identity) is live:
                del self._live[identity]
        self.lines.release(identity)
        if call is None:  # no thread of ours was there to see the end
            live.end(live.last_end() or datetime.now(UTC))
        record = live.record(end, self._path.persons())
        self._writer.call_ended(record)
        self.outgoing.ended(identity, record.talk_seconds)
        self.recovery(identity)
        self.ended(record)
        log.info("call.ended", call=identity, result=str(record.result), queue=record.queue, agent=record.agent)
        self._events.publish("call", id=identity, what="ended", result=str(record.result))
        if call is not None:
            self._host.call("jackfield_call_ended", call=call, record=record)
        return True

    def answered_at(self, identity: str) -> datetime | None:
        """When somebody whom the call dialled last answered; None when nobody has."""
        live = self._live.get(identity)
        return live.answered_at() if live is not None else None

    def talked(self, identity: str) -> bool:
        """Whether somebody has taken the call."""
        return self.answered_at(identity) is not None

    def _role(self, channel: Channel) -> str:
        if channel.id == channel.call:
            return "caller"
        role = self._roles.get(channel.endpoint, "other")
        live = self._live.get(channel.call)
        return "agent" if role == "phone" and live is not None and live.is_agent(channel) else role

    def channel_dialled(self, channel: Channel) -> None:
        """Registry: a leg rings. It is on record at once, so that a restart does not forget whose phone it is."""
        live = self._live.get(channel.call)
        if live is not None:
            self._writer.leg(live.leg(channel, self._role(channel)))

    def channel_answered(self, channel: Channel) -> None:
        """Registry: a leg was answered."""
        live = self._live.get(channel.call)
        if live is not None:
            self._writer.leg(live.leg(channel, self._role(channel)))
            self._events.publish("call", id=channel.call, what="answered", endpoint=channel.endpoint)

    def channel_ended(self, channel: Channel) -> None:
        """Registry: a channel is gone."""
        live = self._live.get(channel.call)
        if live is None:
            return
        self._writer.leg(live.leg(channel, self._role(channel)))
        self._end_without_thread(live)

    def channel_moved(self, channel: Channel, before: Channel) -> None:
        """Registry: a channel goes on in another call. Its leg in the one before is over."""
        live = self._live.get(before.call)
        if live is not None:
            self._writer.leg(live.leg(before, self._role(before)))
        home = self._live.get(channel.call)
        if home is not None:
            if live is not None:
                home.take_over(channel.endpoint, live)
            role = self._role(channel)
            self._writer.leg(home.leg(channel, role))
            if role == "trunk":
                self.outgoing.moved(channel.endpoint, before.call, channel.call)
        if live is not None:
            self._end_without_thread(live)

    def channels_merged(self, message: Message) -> None:
        """Registry: an attended transfer. The step goes on with another phone; who did it is on record."""
        identity = self.registry.call_of(message.get("TransfereeUniqueid", ""))
        live = self._live.get(identity or "")
        if live is None or message.get("Result") != "Success":
            return
        by = extension_of(endpoint_of(message.get("OrigTransfererChannel", "")))
        step = live.handed_over(f"transferred:{by}")
        if step is not None:
            self._writer.step(step)
        self._events.publish("call", id=live.facts.id, what="transferred", by=by)
        asked = self._live.get(self.registry.call_of(message.get("SecondTransfererUniqueid", "")) or "")
        if message.get("DestType") == "App" and asked is not None:
            # The other phone still rings, for a call of the transferrer's that is now without a caller of its own.
            target = (message["TransfereeChannel"], asked.facts.dialled)
            threading.Thread(target=self.transfer, args=target, name="transfer", daemon=True).start()

    def _end_without_thread(self, live: Live) -> None:
        """A call without a thread ends with its last channel."""
        if live.call is None and not live.closed and not self.registry.legs(live.facts.id):
            threading.Thread(
                target=self._finish, args=(live, None, None, GONE_SECONDS), name="call-end", daemon=True
            ).start()

    # -- after a restart -------------------------------------------------------------------------------------------

    def adopt(self, facts: Facts, record: CallRecord | None, at: str = "") -> None:
        """Take over a live call of a daemon that is gone, until it comes back or ends.

        Args:
            facts: what Asterisk says of the call, for want of a record.
            record: what is on record of it.
            at: the destination where its channel says it is; the record may not have come so far.
        """
        with self._lock:
            known = self._live.get(facts.id)
            if known is None:
                live = self._live[facts.id] = Live.restored(facts, record)
                if at and (not live.steps or live.steps[-1].destination != at):
                    self._writer.step(live.enter(max((step.seq for step in live.steps), default=0) + 1, at))
            elif record is not None and not known.closed:
                known.remember(record)
        self._hold_lines(facts)

    def _hold_lines(self, facts: Facts) -> None:
        """A call of a daemon that is gone keeps its places, whatever the limit."""
        if facts.trunk:
            self.lines.take(facts.trunk, facts.id, 0)
        for leg in self.registry.legs(facts.id):
            if leg.id != facts.id and self._roles.get(leg.endpoint) == "trunk":
                self.lines.take(leg.endpoint, facts.id, 0, OUT)

    def adopt_talks(self, records: Mapping[str, CallRecord], alive: Collection[str]) -> None:
        """Take over calls between phones alone, which no dialplan will bring back (as after a transfer)."""
        for identity, record in records.items():
            if identity in alive:
                self.adopt(Facts(identity, "", record.direction, Party(), record.did), record)

    def end_gone(self) -> None:
        """End calls without a thread whose last channel went in the moment in which they were taken over."""
        for live in self.calls():
            if live.call is None and self.registry.known and not self.registry.legs(live.facts.id):
                self._finish(live, None, None, 0.0)

    def close(self, record: CallRecord, when: datetime, talk: UnseenTalk | None = None) -> None:
        """End the record of a call that ended at `when`, while nobody looked; and what is known of its last talk."""
        facts = Facts(record.id, "", "", Party(), "", started=record.started_at)
        live = Live.restored(facts, record)
        if talk is not None:
            live.talk_unseen(talk)
        live.end(when)
        final = live.record(None, self._path.persons())
        self._writer.close_interrupted(final)
        self.outgoing.ended(final.id, final.talk_seconds)
        log.info("call.closed", call=final.id, result=str(final.result), queue=final.queue, agent=final.agent)
        self._events.publish("call", id=final.id, what="ended", result=str(final.result))

    # -- stalls ----------------------------------------------------------------------------------------------------

    def cut_stalled(self, sessions: list[AgiSession], now: float, limit: float) -> None:
        """Take calls away from handlers that have said nothing to Asterisk for `limit` seconds."""
        for session in sessions:
            if session.busy_since is None and now - session.idle_since > limit:
                channel = session.env.get("agi_uniqueid", "")
                identity = self.registry.call_of(channel) or channel
                live = self._live.get(identity)
                call = live.call if live is not None and not live.closed else None
                if live is None or call is None or call.taken or not call.runs_on(session):
                    continue
                self._take_away(identity, call)
                plugin = self._host.stalled(live.plugin, live.thread, f"a handler said nothing for {limit:g} s")
                log.error("call.stalled", call=identity, seconds=limit, plugin=plugin)

    def _take_away(self, identity: str, call: Call) -> None:
        """Take a call from its handler; it comes back by the dialplan's rescue, and goes to its fallback."""
        call.taken = True
        self._stalled.add(identity)
        call.cut()

    def plugin_left(self, plugin: str) -> dict[str, int]:
        """A plugin is at work no more: who waits in it goes to the fallback; talks and what is being said finish."""
        inside = [(live, live.call) for live in self.calls() if live.plugin == plugin and not live.closed]
        waiting = [(live, call) for live, call in inside if call is not None and call.waiting and not call.taken]
        for live, call in waiting:
            log.info("call.let_go", call=live.facts.id, plugin=plugin)
            self._take_away(live.facts.id, call)
        return {"fallback": len(waiting), "finish": len(inside) - len(waiting)}

    def describe(self) -> list[dict[str, Any]]:
        """For `jackfield calls`; of a call through a middle number, the caller's is hidden."""
        held = {channel.call for channel in self.registry.channels() if channel.held}
        rows = []
        for live in self.calls():
            call, facts = live.call, live.facts
            at = call.at if call else (live.steps[-1].destination if live.steps else "")
            hidden = is_private([at, *(step.destination for step in live.steps)])
            rows.append(
                {
                    "id": facts.id,
                    "from": mask_number(facts.caller.number) if hidden else facts.caller.number,
                    "name": "" if hidden else facts.caller.name,
                    "withheld": facts.caller.withheld,
                    "diversion": mask_number(facts.diversion) if hidden else facts.diversion,
                    "did": facts.did,
                    "trunk": facts.trunk or live.trunk_out or None,
                    "extension": facts.extension,
                    "at": at,
                    "since": facts.started.isoformat(),
                    "seconds": round((datetime.now(UTC) - facts.started).total_seconds(), 1),
                    "talking": self.talked(facts.id),
                    "held": facts.id in held,
                    "interrupted": live.interrupted,
                }
            )
        return rows


def _origin(session: AgiSession) -> str:
    """The trunk or the extension that the dialplan says the call came from."""
    return session.arguments[1] if len(session.arguments) > 1 else ""


class _NoSounds:
    def file(self, name: str, language: str) -> str | None:
        return None

    def parts(self, name: str, language: str) -> list[str] | None:
        return None
