"""Prompts at the console: heard and recorded at a phone, taken from a file; over a real daemon and database."""

from __future__ import annotations

import wave

import pytest
from jackfield.testing.people import Caller


@pytest.fixture
def prompts(office):
    office.ask(
        "site.change", what="prompts",
        changes=[{"kind": "prompt", "name": "hello", "fields": {"text": {"en": "Hello.", "zh": "你好。"}}}],
    )  # fmt: skip
    return office


def answered(office, extension):
    phone = office.pbx.phone(extension)
    phone.rings()
    phone.answers()
    return phone


def presses(office, phone, keys):
    Caller(office.pbx, phone.leg).presses(keys)


def test_a_prompt_is_heard_at_a_phone_of_ones_choice(prompts):
    async def work(seat):
        await seat.opens("P", "Prompts")
        await seat.sees("hello", "你好。")
        await seat.presses("l")
        await seat.sees("Which language?", "Chinese")
        await seat.presses("z", "h", "enter")
        await seat.sees("Listen to hello at which phone?", "201")
        await seat.presses("enter")
        await seat.sees("Listen: hello", "▸ The phone 201 rings: answer it")
        phone = answered(prompts, "201")
        await seat.sees("✔ The phone 201 rings", "▸ It is played")
        assert list((prompts.pbx.folder / "sounds/zh/jf").glob("hello-*.ulaw"))
        phone.hangs_up()
        await seat.sees("✔ Over.")

    prompts.console(work)


def test_a_prompt_is_recorded_at_a_phone_and_is_in_the_draft(prompts):
    async def work(seat):
        await seat.opens("P", "Prompts")
        await seat.sees("hello")
        await seat.presses("r")
        await seat.sees("Record which prompt?")
        await seat.presses(*"new", "enter")
        await seat.sees("Which language?")
        await seat.presses("enter")
        await seat.sees("Record new at which phone?")
        await seat.presses("enter")
        await seat.sees("Record: new")
        phone = answered(prompts, "201")
        await seat.sees("▸ Speak after the tone")
        prompts.pbx.settle()
        prompts.pbx.clock.advance(3)
        presses(prompts, phone, "#")
        await seat.sees("1 keeps it")
        presses(prompts, phone, "1")
        await seat.sees("✔ It is put into the draft", "✔ Over.")
        await seat.presses("enter")
        await seat.sees("new")

    prompts.console(work)
    assert list(prompts.object("prompt", "new")["file"]) == ["en"]


def test_hanging_up_is_told_and_nothing_has_changed(prompts):
    async def work(seat):
        await seat.opens("P", "Prompts")
        await seat.sees("hello")
        await seat.presses("r")
        await seat.sees("Record which prompt?")
        await seat.presses("enter")
        await seat.sees("Which language?")
        await seat.presses("enter")
        await seat.sees("at which phone?")
        await seat.presses("enter")
        await seat.sees("Record: hello")
        phone = answered(prompts, "201")
        await seat.sees("▸ Speak after the tone")
        phone.hangs_up()
        await seat.sees("✖ hung up before the recording was kept")
        assert "✔ Speak" not in seat.text() and "✔ It is played back" not in seat.text()

    prompts.console(work)
    assert prompts.object("prompt", "hello")["text"] == {"en": "Hello.", "zh": "你好。"}


def test_a_file_takes_the_place_of_a_text(prompts, tmp_path):
    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x10\x20" * 8000)

    async def work(seat):
        await seat.opens("P", "Prompts")
        await seat.sees("hello")
        await seat.presses("f")
        await seat.sees("A file for which prompt?")
        await seat.presses("enter")
        await seat.sees("Which language?")
        await seat.presses("enter")
        await seat.sees("Which file says hello?")
        await seat.presses(*f"{path}x", "enter")
        await seat.sees("It was refused", "There is no file")
        await seat.presses("f")
        await seat.sees("A file for which prompt?")
        await seat.presses("enter")
        await seat.sees("Which language?")
        await seat.presses("enter")
        await seat.sees("Which file says hello?")
        await seat.presses(*str(path), "enter")
        await seat.sees("file (en): ", "text (zh): 你好。")

    prompts.console(work)
    found = prompts.object("prompt", "hello")
    assert found["text"] == {"zh": "你好。"} and found["file"]["en"].endswith(".wav")


def test_without_a_phone_it_says_what_to_do(prompts):
    for extension in ("201", "202"):
        prompts.pbx.asterisk.register(extension, False)

    async def work(seat):
        await seat.opens("P", "Prompts")
        await seat.sees("hello")
        await seat.presses("l")
        await seat.sees("Which language?")
        await seat.presses("enter")
        await seat.sees("No phone is registered", "First set-up")
        await seat.presses("escape")

    try:
        prompts.console(work)
    finally:
        for extension in ("201", "202"):
            prompts.pbx.asterisk.register(extension, True)
