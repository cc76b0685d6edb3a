"""The E-model of ITU-T G.107, simplified: from loss, jitter and delay to a mean opinion score.

Of the full model, what a PBX cannot measure (noise, loudness, echo) stays at its defaults, so that R begins at 93.2:

    R = 93.2 - Id - Ie_eff
    Id = 0.024 d + 0.11 (d - 177.3) H(d - 177.3)     (d: ms one way; R. G. Cole, J. H. Rosenbluth, 2001, from G.107)
    Ie_eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl)        (G.107 eq. 7-29 with random loss; Ppl in percent)
    MOS = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R)    (G.107 Annex B)
"""

from __future__ import annotations

from dataclasses import dataclass

FRAME_MS = 20.0
R_BEST = 93.2


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec's impairment `ie`, its robustness against loss `bpl` (ITU-T G.113, appendix I), its look-ahead in ms."""

    ie: float
    bpl: float
    look_ahead: float = 0.0


G711 = Codec(0.0, 25.1)
"""With the packet-loss concealment of G.711 appendix I."""
CODECS = {
    "ulaw": G711,
    "alaw": G711,
    "g729": Codec(11.0, 19.0, 5.0),
    "g722": Codec(0.0, 25.1, 1.5),
    "opus": Codec(0.0, 25.1, 6.5),
}
"""G.722 and Opus are judged on the narrow-band scale, as G.711: G.113 has no figure for Opus, and what a wide band adds
is not counted. Codecs that are not here are taken for G.711."""


def mos(codec: str, loss: float, jitter: float, round_trip: float) -> float:
    """The mean opinion score (1 to 4.5) of one direction.

    Args:
        codec: Asterisk's name, as in `ulaw`.
        loss: packets lost, in percent.
        jitter: mean deviation of the packets' spacing (RFC 3550), in ms; a jitter buffer of twice that is assumed.
        round_trip: of the network, in ms; 0 when it is not known.
    """
    kind = CODECS.get(codec, G711)
    delay = round_trip / 2 + 2 * jitter + FRAME_MS + kind.look_ahead
    slow = 0.024 * delay + (0.11 * (delay - 177.3) if delay > 177.3 else 0.0)
    lossy = kind.ie + (95 - kind.ie) * loss / (loss + kind.bpl)
    r = min(100.0, max(0.0, R_BEST - slow - lossy))
    return max(1.0, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r))
