"""The library and the manifest; the real voices are in test_real_asterisk.py."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from jackfield.config.fragments import SoundRequest
from jackfield.config.objects.general import General
from jackfield.config.objects.prompt import Prompt
from jackfield.config.site import Site
from jackfield.prompts.core_texts import core_sounds, number_text
from jackfield.prompts.library import FORMATS, Library
from jackfield.prompts.manifest import Manifest
from jackfield.prompts.tools import MAX_UPLOAD, SoundError, Tools

SITE = Site({"prompt": [Prompt(name="hello", text={"en": "Hello", "zh": "你好"})]})


@pytest.mark.parametrize(
    ("number", "en", "zh"),
    [
        (0, "zero", "零"),
        (7, "seven", "七"),
        (10, "ten", "十"),
        (15, "fifteen", "十五"),
        (20, "twenty", "二十"),
        (99, "ninety nine", "九十九"),
    ],
)
def test_numbers_in_words(number, en, zh):
    assert (number_text(number, "en"), number_text(number, "zh")) == (en, zh)


def test_core_speaks_both_languages():
    sounds = core_sounds()
    assert {"sorry", "closed", "not-in-service", "goodbye", "digit-0", "digit-9", "number-0", "number-99"} <= set(
        sounds
    )
    words = ("word-", "month-", "day-", "money-")  # only where a language needs them: test_speaking.py
    for name, texts in sounds.items():
        assert all(texts.values()) and (set(texts) == {"en", "zh"} or name.startswith(words)), name


def test_made_once(library):
    plan = library.plan(SITE)
    steps = []
    assert library.make(plan, lambda done, total, what: steps.append((done, total))) == len(plan.sounds)
    assert steps[-1] == (len(plan.sounds), len(plan.sounds))
    assert library.make(plan) == 0
    assert library.missing(library.plan(SITE)) == []


def test_a_sound_half_written_is_made_again(library, paths):
    plan = library.plan(SITE)
    library.make(plan)
    stem = plan.manifest.file("hello", "en")
    open(f"{stem}.alaw", "w").close()
    assert [s.name for s in library.missing(plan)] == ["hello"]
    library.make(plan)
    assert library.missing(plan) == []


def test_own_prompts_stand_before_plugins_and_those_before_core(library):
    request = ("p", SoundRequest("hello", {"en": "plugin"})), ("p", SoundRequest("closed", {"en": "plugin"}))
    by_name = {(s.name, s.language): s.text for s in library.plan(SITE, request).sounds}
    assert by_name["hello", "en"] == "Hello"
    assert by_name["closed", "en"] == "plugin"
    assert ("closed", "zh") not in by_name


def test_manifest_falls_back_to_the_sites_language_then_any():
    manifest = Manifest.from_json(
        '{"folder": "/s", "language": "zh", "sounds": {"en": {"a": "jf/a-1", "b": "jf/b-1"}, "zh": {"a": "jf/a-2"}}}'
    )
    assert manifest.file("a", "en") == "/s/en/jf/a-1"
    assert manifest.file("a", "fr") == "/s/zh/jf/a-2"
    assert manifest.file("b", "zh") == "/s/en/jf/b-1"
    assert manifest.file("c", "en") is None


def test_manifest_comes_back(library, tmp_path):
    manifest = library.plan(Site({"general": [General(name="site", language="zh")]})).manifest
    path = tmp_path / "sounds.json"
    path.write_text(manifest.to_json())
    assert Manifest.load(path).to_json() == manifest.to_json()
    assert Manifest.load(path).file("number-5", "en") == manifest.file("number-5", "en")


def test_prune_keeps_what_a_generation_names(library, paths):
    old, new = library.plan(SITE), library.plan(Site({"prompt": [Prompt(name="hello", text={"en": "Other"})]}))
    library.make(old)
    library.make(new)
    (paths.sounds / "en" / "jf" / "by-hand.ulaw").write_bytes(b"x")
    (paths.sounds / "en" / "jf" / ".hello-0123456789ab.ulaw.77.new").write_bytes(b"x")
    assert library.prune([old.manifest, new.manifest]) == 1
    assert library.prune([new.manifest]) == 2 * len(FORMATS)  # hello in English and Chinese
    assert library.missing(new) == []
    assert (paths.sounds / "en" / "jf" / "by-hand.ulaw").exists()


def test_asterisks_own_sounds_are_ours(library, paths):
    old, new = library.plan(SITE), library.plan(Site({"prompt": [Prompt(name="beep", text={"en": "Beep!"})]}))
    for plan in (old, new):
        library.make(plan)
        library.publish(plan)
        for language in ("en", "zh"):
            for own, ours in {"vm-rec-name": "feature-conference-name", "beep": "beep"}.items():
                for form in FORMATS:
                    found = (paths.sounds / language / f"{own}.{form}").resolve(strict=True)
                    assert str(found) == plan.manifest.file(ours, language) + f".{form}"
    assert not list(paths.sounds.glob("*/.*")), "nothing half made"


def test_a_text_that_cannot_be_spoken_names_its_prompt(paths):
    class Mute(Tools):
        def speak(self, text, language):
            raise SoundError("nothing can be heard")

    with pytest.raises(SoundError, match=r"prompt \S+ \(\w\w\): nothing can be heard"):
        Library(paths, Mute()).make(Library(paths).plan(SITE))


def test_an_upload_that_vanished(paths, library):
    site = Site({"prompt": [Prompt(name="p", file={"en": "gone.wav"})]})
    with pytest.raises(SoundError, match="prompt p cannot be read"):
        library.plan(site)


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        (Tools(espeak=("/no/such/program",)), "espeak-ng is not installed"),
        (Tools(espeak=(sys.executable, "-c", "import sys; sys.exit('bad voice')")), "espeak-ng refuses it: bad voice"),
        (Tools(espeak=(sys.executable, "-c", "print('RIFF' * 20)")), "sox is not installed"),
    ],
)
def test_tools_that_fail(tools, words):
    tools = Tools(tools.espeak, ("/no/such/sox",))
    with pytest.raises(SoundError, match=words):
        tools.speak("hello", "en")


def test_uploads_of_the_wrong_kind():
    with pytest.raises(SoundError, match="neither a wav nor a flac"):
        Tools().upload(b"ID3 this is an mp3")
    with pytest.raises(SoundError, match="larger than"):
        Tools().upload(b"RIFF" + bytes(MAX_UPLOAD))


BALANCE = SoundRequest("balance", {"en": "You have {amount}, until {day}.", "zh": "到{day}，您有{amount}。"})


def test_a_prompt_with_values_is_spoken_in_parts(library):
    plan = library.plan(SITE, [("bank", BALANCE)])
    texts = {(s.name, s.language): s.text for s in plan.sounds}
    assert texts["balance~1", "en"] == "You have"
    assert ("balance", "en") not in texts and ("balance~3", "en") not in texts
    again = Manifest.from_json(plan.manifest.to_json())
    assert again.parts("balance", "en") == ["balance~1", "{amount}", "balance~2", "{day}"]
    assert again.parts("balance", "zh") == ["balance~1", "{day}", "balance~2", "{amount}"]
    assert again.parts("balance", "fr") == again.parts("balance", "en"), "as sounds: the site's language"
    assert again.parts("hello", "en") is None and again.file("balance", "en") is None
    assert {"balance~1", "balance~2"} <= {stem.name.rpartition("-")[0] for stem in again.stems()}


def test_a_sites_own_text_may_order_the_values_but_not_invent_any(library):
    own = {"en": "Until {day} you have {amount} left.", "zh": "余额{balance}"}
    plan = library.plan(Site({"prompt": [Prompt(name="balance", text=own)]}), [("bank", BALANCE)])
    assert plan.manifest.parts("balance", "en") == ["balance~1", "{day}", "balance~2", "{amount}", "balance~3"]
    assert plan.manifest.parts("balance", "zh") == ["balance~1", "{day}", "balance~2", "{amount}"]
    assert plan.alarms == [
        "prompt balance (zh) of the site is left out: there is no value {balance} in it; it may have {amount}, {day}"
    ]


def test_braces_mean_nothing_in_a_prompt_without_values(library):
    plan = library.plan(Site({"prompt": [Prompt(name="odd", text={"en": "say {this}"})]}))
    assert plan.manifest.file("odd", "en") and plan.manifest.parts("odd", "en") is None


def test_a_request_whose_languages_have_other_values_is_left_out(library):
    plan = library.plan(SITE, [("bank", SoundRequest("balance", {"en": "You have {amount}", "zh": "您有"}))])
    assert plan.manifest.parts("balance", "en") is None
    assert plan.alarms == [
        "bank: prompt 'balance' is left out: its zh text lacks {amount}, which another language's has"
    ]


def test_the_beep_is_a_tone_of_a_fifth_of_a_second(library):
    plan = library.plan(SITE)
    library.make(plan)
    for language in ("en", "zh"):
        samples = Path(f"{plan.manifest.file('beep', language)}.sln").read_bytes()
        values = [int.from_bytes(samples[n : n + 2], "little", signed=True) for n in range(0, len(samples), 2)]
        crossings = sum(a < 0 <= b for a, b in pairwise(values))
        assert len(values) == 1600 and crossings in (199, 200) and 8000 < max(values) <= 8192
