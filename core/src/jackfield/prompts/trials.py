"""Sounds made before they are in force, so that somebody can hear them: of the draft, of a text, of an upload."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jackfield.config.fragments import SoundRequest
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.prompts.library import Library, Sound, SoundPlan, spoken
from jackfield.prompts.tools import VOICES, SoundError

_ = gettext_for("jackfield")
TRIAL = "trial"
"""Name of a text's sound; the next apply removes it, since no prompt has it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be heard: a prompt, or else a text, or else a kept file."""

    prompt: str
    language: str
    text: str = ""
    file: str = ""


class Trials:
    """Makes them, with the library of the site."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def make(self, site: Site, requests: Iterable[tuple[str, SoundRequest]], trial: Trial) -> list[str]:
        """The sounds in order, as Asterisk names them. Of a prompt with values in it, the words between them.

        Raises:
            SoundError: there is no such prompt, or it cannot be made.
        """
        if trial.language not in VOICES:
            raise SoundError(_("there is no voice for {language}").format(language=repr(trial.language)))
        plan = self._library.plan(site, requests)
        chosen = self._chosen(plan, trial)
        self._library.make(SoundPlan(chosen, plan.manifest, []))
        return [self._library.stem_of(sound) for sound in chosen]

    def _chosen(self, plan: SoundPlan, trial: Trial) -> list[Sound]:
        if trial.text:
            return [spoken(TRIAL, trial.language, trial.text)]
        if trial.file:
            return [self._library.uploaded(TRIAL, trial.language, trial.file)]
        names = [trial.prompt]
        if (parts := plan.manifest.parts(trial.prompt, trial.language)) is not None:
            names = [part for part in parts if not part.startswith("{")]
        found = {sound.name: sound for sound in plan.sounds if sound.language == trial.language}
        if missing := [name for name in names if name not in found]:
            sentence = _("there is no prompt {name} in {language}; the draft has none, and no plugin brings it")
            raise SoundError(sentence.format(name=missing[0], language=trial.language))
        return [found[name] for name in names]
