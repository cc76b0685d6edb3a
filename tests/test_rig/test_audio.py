"""The ears of the rig, on synthetic signals."""

from __future__ import annotations

import io
import random
import wave
from array import array

import pytest
from rig.audio import (
    RATE,
    TONES,
    Sound,
    decode_g711,
    dtmf_of_streams,
    encode_ulaw,
    join_spans,
    read_wav,
    sound_of_streams,
    tone,
)
from rig.capture import RtpPacket, RtpStream
from rig.hostsys import RigError
from rig.plan import dtmf, hangup, rtp_packets, silence, wait


def noise(seconds: float, level: int = 3000, seed: int = 1) -> array[int]:
    chance = random.Random(seed)
    return array("h", [chance.randint(-level, level) for _ in range(int(seconds * RATE))])


def quiet(seconds: float) -> array[int]:
    return array("h", bytes(2 * int(seconds * RATE)))


def stream_of(plan: list[object], frequency: int, start: float = 100.0) -> RtpStream:
    """The packets of a plan as if they had come over a network."""
    stream = RtpStream(("10.0.0.1", 4000), ("10.0.0.2", 4000), 1)
    for at, raw in rtp_packets(plan, frequency):  # type: ignore[arg-type]
        stream.packets.append(
            RtpPacket(
                start + at,
                int.from_bytes(raw[2:4], "big"),
                int.from_bytes(raw[4:8], "big"),
                raw[1] & 127,
                bool(raw[1] & 128),
                raw[12:],
            )
        )
    return stream


def test_ulaw_round_trip_stays_within_its_step() -> None:
    values = [0, 1, -1, 100, -100, 1000, -5000, 20000, -32000, 32767, -32768]
    for value, back in zip(values, decode_g711(encode_ulaw(values)), strict=True):
        assert abs(value - back) <= max(8, abs(value) // 16 + 700 * (abs(value) > 32000))


def test_g711_known_values() -> None:
    """Table values of ITU-T G.711."""
    assert list(decode_g711(b"\xff\x7f\x00\x80")) == [0, 0, -32124, 32124]
    assert list(decode_g711(b"\xd5\x55\xaa\x2a", 8)) == [8, -8, 32256, -32256]


@pytest.mark.parametrize("frequency", TONES)
def test_each_tone_is_told_from_all_others(frequency: int) -> None:
    coded = decode_g711(encode_ulaw(tone(frequency, 0.5)))
    assert set(Sound([(0, coded)]).tones_heard()) == {frequency}


def test_timeline_has_tone_silence_and_other_sound_at_their_times() -> None:
    parts = tone(1025, 1.0) + quiet(0.6) + noise(0.8) + tone(1100, 0.4)
    sound = Sound([(50.0, parts)])
    assert sound.heard_tone(1025) == [pytest.approx((50.0, 51.0), abs=0.05)]
    assert sound.heard_tone(1100) == [pytest.approx((52.4, 52.8), abs=0.05)]
    assert sound.silences(0.5) == [pytest.approx((51.0, 51.6), abs=0.05)]
    assert not sound.silence_longer_than(0.7)
    assert sound.sounds() == [pytest.approx((51.6, 52.4), abs=0.05)]
    assert sound.heard_sound_between(50.0, 50.5)
    assert not sound.heard_sound_between(51.1, 51.5)


def test_two_mixed_tones_are_both_heard_and_noise_is_neither() -> None:
    mixed = array("h", [a + b for a, b in zip(tone(1025, 1), tone(1100, 1), strict=True)])
    sound = Sound([(0, mixed)])
    assert sound.hears(1025, 0.9)
    assert sound.hears(1100, 0.9)
    assert not sound.hears(725)
    assert not any(Sound([(0, noise(2))]).hears(f) for f in TONES)


def test_silence_between_pieces_is_silence() -> None:
    sound = Sound([(10.0, tone(1025, 0.4)), (12.0, tone(1025, 0.4))])
    assert sound.silences(1) == [pytest.approx((10.4, 12.0), abs=0.05)]
    assert [round(b - a, 1) for a, b in sound.heard_tone(1025)] == [0.4, 0.4]


def test_plan_comes_out_as_it_was_meant() -> None:
    plan = [wait(1), silence(0.5), dtmf("4#", on=0.1, off=0.1), wait(1), hangup(), wait(9)]
    stream = stream_of(plan, 1025)
    assert [(round(t, 1), k) for t, k in dtmf_of_streams([stream])] == [(101.5, "4"), (101.7, "#")]
    sound = sound_of_streams([stream])
    assert sound.heard_tone(1025) == [pytest.approx((100, 101), abs=0.05), pytest.approx((101.9, 102.9), abs=0.05)]
    numbers = [p.sequence for p in stream.packets]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_keys_at_fifty_a_second_all_come() -> None:
    keys = "1234567890" * 5
    stream = stream_of([dtmf(keys, on=0.01, off=0.01)], 1025)
    assert "".join(k for _, k in dtmf_of_streams([stream])) == keys
    assert stream.packets[-1].at - stream.packets[0].at < 1.0


def test_late_and_doubled_packets_do_not_move_the_sound() -> None:
    stream = stream_of([wait(1)], 1025)
    chance = random.Random(3)
    late = [p._replace(at=p.at + chance.random() * 0.08) for p in stream.packets]
    # Then the machine stalls: a third of a second's packets come at once.
    late[20:36] = [p._replace(at=late[36].at) for p in late[20:36]]
    stream.packets = sorted(late[:1] + late, key=lambda p: p.at)
    sound = sound_of_streams([stream])
    assert sound.heard_tone(1025) == [pytest.approx((100, 101), abs=0.12)]
    assert not sound.silences(0.08)


def test_a_new_clock_within_a_stream_starts_anew_where_it_arrives() -> None:
    first, second = stream_of([wait(1)], 1025), stream_of([wait(1)], 1025, start=103.0)
    jump = [p._replace(sequence=p.sequence + 7000) for p in second.packets]
    first.packets += jump
    assert first.packets[50].marker
    assert sound_of_streams([first]).heard_tone(1025) == [
        pytest.approx((100, 101), abs=0.05),
        pytest.approx((103, 104), abs=0.05),
    ]


def test_prompt_is_found_through_g711_and_noise_and_others_are_not() -> None:
    pytest.importorskip("numpy", reason="prompt matching is for the test environment")
    prompt, other = noise(1.5, 6000, seed=7), noise(1.5, 6000, seed=8)
    line = quiet(1) + prompt + quiet(0.5) + prompt + quiet(1)
    dirty = array("h", [a + b for a, b in zip(line, noise(5.5, 300, seed=9), strict=True)])
    sound = Sound([(20.0, decode_g711(encode_ulaw(dirty)))])
    found = sound.find(prompt)
    assert [round(at, 2) for at, _ in found] == [21.0, 23.0]
    assert all(score > 0.9 for _, score in found)
    assert sound.find(other) == []
    with pytest.raises(RigError, match="too short"):
        sound.find(prompt[:100])


def test_prompt_is_found_though_a_packet_is_missing_and_one_comes_twice() -> None:
    pytest.importorskip("numpy", reason="prompt matching is for the test environment")
    prompt = noise(4, 6000, seed=7)
    torn = prompt[:9000] + prompt[9160:20000] + prompt[19840:]
    ((at, score),) = Sound([(0.0, quiet(1) + torn + quiet(1))]).find(prompt)
    assert at == pytest.approx(1, abs=0.05)
    assert score > 0.8
    half = Sound([(0.0, quiet(1) + prompt[:16000] + quiet(3))])
    assert half.find(prompt) == [], "half a prompt is not the prompt"
    assert half.find(prompt, least=0.45)


def test_stereo_wav_sides() -> None:
    left, right = tone(1025, 1), tone(1100, 1)
    data = io.BytesIO()
    with wave.open(data, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(array("h", [x for pair in zip(left, right, strict=True) for x in pair]).tobytes())
    one, two = read_wav(data.getvalue())
    assert one.hears(1025)
    assert not one.hears(1100)
    assert two.hears(1100)
    assert not two.hears(1025)


def test_spans_join_over_small_gaps_only() -> None:
    assert join_spans([(0, 1), (1.05, 2), (3, 4)], 0.1) == [(0, 2), (3, 4)]
