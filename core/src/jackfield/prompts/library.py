"""The sounds of a site: which are wanted, which are missing, and making them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jackfield.config.files import make_folder, write_file
from jackfield.config.fragments import SoundRequest
from jackfield.config.objects.prompt import Prompt
from jackfield.config.paths import Paths
from jackfield.config.site import Site
from jackfield.prompts import g711, templates
from jackfield.prompts.core_texts import core_sounds
from jackfield.prompts.manifest import Manifest, Table
from jackfield.prompts.tools import VOICES, SoundError, Tools, beep
from jackfield.routing.destinations import NAME_PATTERN

FORMATS = ("sln", *g711.FORMS)
BEEP = "beep"
"""The one prompt that is a tone; a site may have another."""
ASTERISKS_OWN = {"vm-rec-name": "feature-conference-name", "beep": BEEP}
"""Sounds that Asterisk's applications play by a name of their own → the prompt that stands for it."""
_MAKING = b"2"
"""Part of each hash: changed when sounds are made in another way."""
_HASH = re.compile(r"-[0-9a-f]{12}$")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Sound:
    """One prompt in one language: a text, or an uploaded file."""

    name: str
    language: str
    text: str
    file: Path | None
    digest: str

    @property
    def stem(self) -> str:
        """Name below the language's folder; a change of text makes another name, so no file changes under a call."""
        return f"jf/{self.name}-{self.digest}"


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """All sounds of a site. `alarms` says which requests of plugins are left out, and why."""

    sounds: list[Sound]
    manifest: Manifest
    alarms: list[str]


class Library:
    """The folder of sounds."""

    def __init__(self, paths: Paths, tools: Tools | None = None) -> None:
        self._paths = paths
        self._tools = tools or Tools()

    # -- planning --------------------------------------------------------------------------------------------------

    def plan(self, site: Site, requests: Iterable[tuple[str, SoundRequest]] = ()) -> SoundPlan:
        """What a site needs. A site's own prompt stands before a plugin's, and that before core's.

        Raises:
            SoundError: an uploaded file is gone.
        """
        texts, alarms = _texts(requests)
        values: dict[str, set[str]] = {}
        for (name, _), text in texts.items():
            if found := templates.holes(text):
                values[name] = found
        files: dict[tuple[str, str], str] = {}
        for prompt in site.all("prompt", Prompt):
            for tongue, text in prompt.text.items():
                if wrong := templates.unknown(text, values[prompt.name]) if prompt.name in values else "":
                    alarms.append(f"prompt {prompt.name} ({tongue}) of the site is left out: {wrong}")
                else:
                    texts[prompt.name, tongue] = text
            files |= {(prompt.name, language): file for language, file in prompt.file.items()}
        sounds = [self.uploaded(name, language, file) for (name, language), file in files.items()]
        patterns: Table[list[str]] = {}
        sounds += [_tone(BEEP, language) for language in VOICES if (BEEP, language) not in texts | files]
        for (name, language), text in texts.items():
            if (name, language) in files:
                continue
            if name not in values:
                sounds.append(spoken(name, language, text))
                continue
            parts = templates.split(name, text)
            patterns.setdefault(language, {})[name] = [f"{{{part.hole}}}" if part.hole else part.name for part in parts]
            sounds += [spoken(part.name, language, part.words) for part in parts if not part.hole]
        sounds.sort(key=lambda s: (s.language, s.name))
        table: Table[str] = {}
        for sound in sounds:
            table.setdefault(sound.language, {})[sound.name] = sound.stem
        return SoundPlan(sounds, Manifest(self._paths.sounds, site.general.language, table, patterns), alarms)

    # -- what is there ---------------------------------------------------------------------------------------------

    def stem_of(self, sound: Sound) -> str:
        """A sound as Asterisk names it: in full, without extension."""
        return str(self._paths.sounds / sound.language / sound.stem)

    def missing(self, plan: SoundPlan) -> list[Sound]:
        """Those that are not made yet."""
        return [s for s in plan.sounds if not all(self._whole(s, form) for form in FORMATS)]

    def _whole(self, sound: Sound, form: str) -> bool:
        try:
            return self._path(sound, form).stat().st_size > 0
        except OSError:
            return False

    def _path(self, sound: Sound, form: str) -> Path:
        return self._paths.sounds / sound.language / f"{sound.stem}.{form}"

    def uploaded(self, name: str, language: str, file: str) -> Sound:
        """A kept file.

        Raises:
            SoundError: it is gone.
        """
        path = self._paths.sources / file
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SoundError(f"the sound {file} of prompt {name} cannot be read: {error}; import it again") from None
        return Sound(name, language, "", path, _digest(b"file", data))

    # -- uploads ---------------------------------------------------------------------------------------------------

    def keep_upload(self, data: bytes) -> str:
        """Check an uploaded sound and keep it; its name in the folder of sources.

        Raises:
            SoundError: it cannot be used; the sentence begins with a verb ("is longer than …").
        """
        self._tools.upload(data)
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.{'flac' if data[:4] == b'fLaC' else 'wav'}"
        path = self._paths.sources / name
        if not path.exists():
            make_folder(path.parent)
            write_file(path, data)
        return name

    # -- making ----------------------------------------------------------------------------------------------------

    def make(self, plan: SoundPlan, progress: Progress | None = None) -> int:
        """Make what is missing, on all processors. How many were made.

        Raises:
            SoundError: one cannot be made; those made before stay for the next time.
            OSError: no room, no right.
        """
        missing = self.missing(plan)
        for language in sorted({s.language for s in missing}):
            make_folder(self._paths.sounds / language / "jf")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [(sound, pool.submit(self._make, sound)) for sound in missing]
            try:
                for done, (sound, job) in enumerate(jobs, 1):
                    job.result()
                    if progress:
                        progress(done, len(jobs), f"{sound.language} {sound.name}")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return len(missing)

    def _make(self, sound: Sound) -> None:
        try:
            if sound.file is not None:
                samples = self._tools.upload(sound.file.read_bytes())
            elif sound.name == BEEP and not sound.text:
                samples = beep()
            else:
                samples = self._tools.speak(sound.text, sound.language)
            self._write(samples, self._paths.sounds / sound.language / sound.stem)
        except SoundError as error:
            raise SoundError(f"prompt {sound.name} ({sound.language}): {error}") from None

    def _write(self, samples: bytes, stem: Path) -> None:
        for form in g711.FORMS:
            write_file(stem.with_name(f"{stem.name}.{form}"), g711.encode(samples, form))
        write_file(stem.with_name(f"{stem.name}.sln"), samples)

    def publish(self, plan: SoundPlan) -> None:
        """Let Asterisk's applications find the plan's prompts under their own names, in each language.

        Raises:
            OSError: no room, no right.
        """
        for sound in plan.sounds:
            for name in [own for own, ours in ASTERISKS_OWN.items() if ours == sound.name]:
                for form in FORMATS:
                    link = self._paths.sounds / sound.language / f"{name}.{form}"
                    target = Path(f"{sound.stem}.{form}")
                    if not link.is_symlink() or link.readlink() != target:
                        new = link.with_name(f".{link.name}.{os.getpid()}")
                        new.unlink(missing_ok=True)
                        new.symlink_to(target)
                        new.replace(link)

    def music(self) -> list[str]:
        """Names of the pieces of music on hold that Asterisk's packages bring."""
        return [piece.stem for piece in self._pieces()]

    def _pieces(self) -> list[Path]:
        found = sorted((self._paths.asterisk_data / "moh").glob("*.wav"))
        return [piece for piece in found if re.fullmatch(NAME_PATTERN, piece.stem)]

    def make_music(self) -> None:
        """Copy the music on hold into the callers' codecs; pieces that are there already are left alone.

        Raises:
            SoundError: a piece cannot be read.
            OSError: no room, no right.
        """
        folder = self._paths.sounds / "moh"
        make_folder(folder)
        for piece in self._pieces():
            last = folder / f"{piece.stem}.sln"
            if not last.exists() or last.stat().st_mtime < piece.stat().st_mtime:
                samples = self._tools.music(piece.read_bytes())
                self._write(samples, folder / piece.stem)

    def prune(self, manifests: Iterable[Manifest]) -> int:
        """Remove sounds that none of the manifests names. A call that plays one plays on. How many files went."""
        kept = {stem for manifest in manifests for stem in manifest.stems()}
        gone = 0
        for path in self._paths.sounds.glob("*/jf/*"):
            stem = path.with_suffix("") if path.suffix.lstrip(".") in FORMATS else path
            unfinished = path.name.startswith(".")  # left by a process that was killed
            if unfinished or (stem not in kept and _HASH.search(stem.name)):
                path.unlink(missing_ok=True)
                gone += 1
        return gone


def _texts(requests: Iterable[tuple[str, SoundRequest]]) -> tuple[dict[tuple[str, str], str], list[str]]:
    """What core and plugins speak, by name and language; and which requests are left out, and why."""
    texts: dict[tuple[str, str], str] = {}
    alarms: list[str] = []
    for name, spoken in core_sounds().items():
        texts |= {(name, language): text for language, text in spoken.items()}
    for plugin, request in requests:
        if wrong := _refused(request):
            alarms.append(f"{plugin}: prompt {request.name[:40]!r} is left out: {wrong}")
        else:
            texts = {key: text for key, text in texts.items() if key[0] != request.name}
            texts |= {(request.name, language): text for language, text in request.text.items()}
    return texts, alarms


def _refused(request: SoundRequest) -> str:
    if not re.fullmatch(NAME_PATTERN, request.name):
        return "its name may hold letters, digits, '-', '_' and '.' only"
    unknown = sorted(request.text.keys() - VOICES.keys())
    if unknown or not request.text:
        return f"no voice for {', '.join(unknown)}" if unknown else "it has no text"
    return templates.uneven(request.text)


def spoken(name: str, language: str, text: str) -> Sound:
    """A text in a language."""
    return Sound(name, language, text, None, _digest(b"text", language.encode(), text.encode()))


def _tone(name: str, language: str) -> Sound:
    return Sound(name, language, "", None, _digest(b"tone", name.encode()))


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in (_MAKING, *parts):
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()[:12]
