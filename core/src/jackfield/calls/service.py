"""The life of a call: from the AGI connection through its destinations to the final record."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from jackfield.calls import state
from jackfield.calls.adoption import Adoption
from jackfield.calls.arrival import Arrivals
from jackfield.calls.blackbox import BlackBox
from jackfield.calls.board import Board
from jackfield.calls.call import Call, Resume, Sounds
from jackfield.calls.dialling import Agents
from jackfield.calls.endings import Endings
from jackfield.calls.ledger import Ledger
from jackfield.calls.legs import Legs
from jackfield.calls.lines import Lines
from jackfield.calls.live import Live
from jackfield.calls.outgoing import Outgoing, Situation
from jackfield.calls.path import Path
from jackfield.calls.registry import Registry
from jackfield.calls.stalls import Stalls
from jackfield.calls.transfer import Return, send_on
from jackfield.config.objects.extension import extension_of
from jackfield.config.site import Site
from jackfield.errors import CallerHungUp, JackfieldError, ProtocolError
from jackfield.privacy.mask import is_private, mask_number
from jackfield.routing import builtin
from jackfield.routing.decision import FOR_QUEUE
from jackfield.routing.destinations import DestinationKind, End, Goto, Result
from jackfield.routing.inbound import InboundRoutes
from jackfield.telephony import variables
from jackfield.telephony.agi import AgiSession, safe_environment

if TYPE_CHECKING:
    from jackfield.features.desk import Desk
    from jackfield.plugins import PluginHost
    from jackfield.privacy.handler import WaysOut
    from jackfield.records.writer import RecordWriter
    from jackfield.services import EventBus

log = structlog.get_logger(__name__)
LET_GO_SECONDS = 1.0
"""How long a transferred call waits for the handler that it was taken from."""


class CallService:
    """All calls of the daemon: takes the connections, and runs each call on its thread."""

    def __init__(
        self,
        host: PluginHost,
        writer: RecordWriter,
        events: EventBus,
        registry: Registry,
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
        self.registry = registry
        self.board = Board()
        self.lines = Lines()
        situation = Situation(Ledger(self.board.answered_at), self.lines)
        self.outgoing = Outgoing(situation, events, zone_now, self._goes_out, self._tried_trunk)
        self._path = Path(host, writer, [*kinds(self.outgoing), self.outgoing.kind()])
        self.endings = Endings(
            self.board, registry, host, writer, events, self.lines, self.outgoing, self._path.persons
        )
        self.legs = Legs(self.board, registry, writer, events, self.outgoing, self.endings)
        self.legs.agent_at = self._agent_at
        self.adoption = Adoption(self.board, registry, writer, self.lines, self.legs, self.endings.is_over)
        self.stalls = Stalls(self.board, registry, host)
        self.blackbox = BlackBox()
        self.desk: Desk
        self.recovery: Callable[[str], None] = lambda _: None
        """Told the id of each call that has come back after a restart."""
        self.admit: Callable[[bool, bool], bool] = lambda _inbound, _urgent: True
        """Asked whether a new call may come in: did it come over a trunk, is it an emergency."""
        self.dialling: Callable[[str], None] = lambda _: None
        """Told each endpoint that is about to be called."""
        self.serve_site(Site({}), _NoSounds())

    def serve_site(self, site: Site, sounds: Sounds) -> None:
        """Serve another site; calls that are under way keep theirs."""
        arrivals = Arrivals(site, self._host.feature_codes, self.lines, self._now)
        self._serving = (site, sounds, arrivals)
        self.legs.serve_site(site)

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

    def kinds(self) -> dict[str, tuple[str, DestinationKind]]:
        """All kinds of destinations: `{kind: (plugin, …)}`, core's own with plugin ''."""
        return self._path.kinds()

    def count(self) -> int:
        """How many calls are live."""
        return self.board.count()

    def calls(self) -> list[Live]:
        """Calls that are live."""
        return self.board.all()

    # -- a thread's work -------------------------------------------------------------------------------------------

    def serve(self, session: AgiSession) -> None:
        """Serve one AGI connection to its end."""
        script = self._script(session)
        with self.blackbox.seat(session, in_turn=script == "resume"):
            self._serve(session, script)

    def _serve(self, session: AgiSession, script: str) -> None:
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
        if self._guilty(call.leader, routed):
            return call.fallback
        self._host.call("jackfield_call_arrived", call=call)
        for _, answer in self._host.call("jackfield_route_call", call=call):
            if isinstance(answer, Goto):
                return answer.destination
        return routed

    def _make_call(self, session: AgiSession, live: Live, site: Site, sounds: Sounds) -> Call:
        call = Call(session, live.facts, site, sounds, self._before_dial, self.board.answered_at)
        call.desk = self.desk
        live.call = call
        self.board.put(live)
        return call

    def _resume(self, session: AgiSession, back: Return) -> None:
        saved, talked = state.decode(back.state), back.dial_status == "ANSWER"
        identity = self.registry.call_of(back.channel) or (saved.facts.id if saved else back.call)
        live = self.board.find(identity)
        if live is not None and live.closed:
            live = None
        if back.transfer:
            live = live or self.adoption.forgotten(identity, saved, back)
            saved = self._transferred(live, saved, back)
        elif saved is None:
            if live is None or self._unserved(live):
                self._arrive(session, "phone" if back.extension else "trunk", back.extension or back.trunk)
                return
            # The handler had not said a word to Asterisk yet; the call was taken from it.
            saved = state.Saved(live.facts, "", len(live.steps), {}, {}, 0, False)
            self.stalls.note(identity)
        if live is None:
            live = self.adoption.returned(identity, saved, talked)
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
        elif self.stalls.settle(identity) or self._guilty(back.channel, call.at):
            call.resumed, first = None, call.facts.fallback
        else:
            log.info("call.resumed", call=call.id, at=call.at, dial=back.dial_status, times=call.resumes)
        self._run(live, call, lambda: first)

    def _guilty(self, channel: str, at: str) -> bool:
        """Whether a channel's call has brought the daemon down time and again where it was."""
        if not self.blackbox.guilty(channel):
            return False
        deaths = self.blackbox.deaths(channel)
        log.error("call.guilty", channel=channel, at=at, deaths=deaths)
        plugin, _ = self.kinds().get(at.partition(":")[0], ("", None))
        if plugin:
            self._host.fault(plugin, f"{at}: the daemon has died {deaths} times while one call was in it")
        return True

    def _unserved(self, live: Live) -> bool:
        """Whether a call that comes back without a state is to start afresh: it is no handler's fault.

        A daemon that is gone had it for a moment; or Asterisk gave up its connection while this one was starting.
        """
        call = live.call
        if self.stalls.noted(live.facts.id):
            return False
        if call is None:
            return True
        if live.hung_up.wait(LET_GO_SECONDS):
            call.taken = True
        return call.taken

    def _transferred(self, live: Live, saved: state.Saved | None, back: Return) -> state.Saved:
        """A phone has sent the call on: the step it was in is over."""
        sent = send_on(live, saved, back)
        step = live.transferred(f"transferred:{back.transferrer}", sent.seq)
        if step is not None:
            self._writer.step(step)
        self._events.publish("call", id=live.facts.id, what="transferred", by=back.transferrer, to=back.transfer)
        return sent

    def _run(self, live: Live, call: Call, first: Callable[[], str]) -> None:
        end: End | None = None
        channel, live.thread = call.leader, threading.current_thread()
        alone = live.running.acquire(timeout=LET_GO_SECONDS if call.facts.transfer else 0.0)
        try:
            end = self._path.run(live, call, first())
            self._host.call("jackfield_call_answered", call=call) if live.answered_at() else None
            call.finish(end.cause)
        except CallerHungUp:
            live.hung_up.set()
        except JackfieldError as error:
            log.warning("call.lost", call=call.id, error=str(error))
        finally:
            if alone:
                live.running.release()
            call.release()
            over = self.endings.finish(live, call, end, self.endings.patience)
            if live.call is call:
                live.call = None
            if not over:
                self.registry.follow(channel)
                if not self.endings.finish(live, call, end, 0.0):
                    log.info("call.lives_on", call=call.id)

    # -- what its dialling tells -----------------------------------------------------------------------------------

    def _before_dial(self, call: Call, agent: Agents, queue: str, endpoints: list[str]) -> None:
        live = self.board.find(call.id)
        if live is not None:
            live.rings({e: agent if isinstance(agent, str) else agent.get(extension_of(e), "") for e in endpoints})
            live.queue = queue or live.queue
        for endpoint in endpoints:
            self.dialling(endpoint)
        one = agent if isinstance(agent, str) else ""
        self._host.call("jackfield_before_dial", call=call, agent=one, queue=queue)

    def _agent_at(self, destination: str, extension: str) -> str:
        answers = self._host.call("jackfield_agent_at", destination=destination, extension=extension)
        return next((answer for _, answer in answers if isinstance(answer, str)), "")

    def _goes_out(self, call: Call, trunk: str, number: str) -> None:
        live = self.board.find(call.id)
        if live is not None:
            live.trunk_out, live.sent[trunk] = trunk, number
            live.queue = (call.data.get(FOR_QUEUE) or {}).get("queue", live.queue)
            self._writer.call_started(live.opening())

    def _tried_trunk(self, call: Call, trunk: str, outcome: str) -> None:
        live = self.board.find(call.id)
        if live is not None:
            live.tried.append(f"{trunk}:{outcome}")


def _origin(session: AgiSession) -> str:
    """The trunk or the extension that the dialplan says the call came from."""
    return session.arguments[1] if len(session.arguments) > 1 else ""


class _NoSounds:
    def file(self, name: str, language: str) -> str | None:
        return None

    def parts(self, name: str, language: str) -> list[str] | None:
        return None
