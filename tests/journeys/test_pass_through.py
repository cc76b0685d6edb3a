"""G.729 is passed through (T1): nothing here can decode it, and both sides get each other's very bytes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from journeys.trunk_peers import CODECS, Peer, codecs_of
from rig import wait_for

G729 = CODECS["g729"]
FRAMES = 400
"""Of 20 ms (two frames of G.729, 10 bytes each), all different: it is plain which one came."""
COMPARED = 100


def sound(seed: int) -> list[bytes]:
    """Bytes that stand for speech; who passes them through does not look."""
    source = random.Random(seed)
    return [source.randbytes(20) for _ in range(FRAMES)]


@pytest.fixture(scope="module")
def registered(shared_pbx: Pbx) -> Iterator[Softphone]:
    """282, which speaks nothing but G.729."""
    found = Softphone(shared_pbx.run.party("narrowband"), shared_pbx.node.address, "282", "secret-282-abc", 500)
    found.codec, found.payloads = G729, sound(2)
    found.register()
    yield found
    found.close()


@pytest.fixture
def phone(pbx: Pbx, registered: Softphone) -> Softphone:
    """282, idle."""
    registered.reset()
    return registered


def in_order(came: list[bytes], sent: list[bytes]) -> bool:
    """Whether what came is a piece of what was sent over and over: nothing lost, nothing changed."""
    begin = sent.index(came[0])
    return came == list(itertools.islice(itertools.cycle(sent), begin, begin + len(came)))


def test_the_same_bytes_at_both_ends(pbx: Pbx, phone: Softphone) -> None:
    """From the carrier to the phone and back, in G.729."""
    with Peer(pbx.run.network.parties["line"], pbx.node.address) as line:
        call = line.call("02079460282", "02079460009", codecs=["g729"])
        assert call.wait_final() == 200
        assert codecs_of(call.sdp) == ["g729"]
        own = sound(1)
        call.say(G729[0], itertools.islice(itertools.cycle(own), 3000))
        rung = phone.wait_line().wait("up")

        def enough() -> bool:
            return min(len(rung.media.came), len(call.came)) >= COMPARED + 50

        wait_for(enough, 20, "three seconds of sound both ways", every=0.2)
        at_phone, at_carrier = rung.media.came[-COMPARED:], call.came[-COMPARED:]
        assert {kind for kind, _ in at_carrier} == {G729[0]}
        assert in_order(at_phone, own), "the phone did not get the carrier's bytes"
        assert in_order([payload for _, payload in at_carrier], phone.payloads), "the carrier did not get the phone's"
        call.hang_up()
        rung.wait("ended")
