"""Sounds that a site file names: checked and kept at import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jackfield.config.kinds import SiteObject
from jackfield.config.objects.prompt import Prompt
from jackfield.config.site import Site
from jackfield.prompts.library import Library
from jackfield.prompts.tools import SoundError


class Uploads:
    """The sounds of one import. A kept sound is named by its contents; an export names it so, and so comes back."""

    def __init__(self, library: Library, sources: Path, read_file: Callable[[str], bytes]) -> None:
        """`read_file` gives the bytes of a path in the site file; raises OSError."""
        self._library, self._sources, self._read = library, sources, read_file
        self._names: dict[str, str] = {}

    def problem(self, path: str) -> str | None:
        """What is wrong with a sound, or None; a good one is kept."""
        if path == Path(path).name and (self._sources / path).is_file():
            self._names[path] = path
            return None
        try:
            self._names[path] = self._library.keep_upload(self._read(path))
        except OSError as error:
            return f"{path!r} cannot be read: {error.strerror or error}; correct the path, or put the file there"
        except SoundError as error:
            return f"{path!r} {error}"
        return None

    def kept(self, site: Site) -> Site:
        """The site with the kept sounds' names instead of paths."""
        objects: dict[str, list[SiteObject]] = {}
        for (kind, _), item in site.objects().items():
            if isinstance(item, Prompt) and item.file:
                item = item.model_copy(update={"file": {lang: self._names[p] for lang, p in item.file.items()}})
            objects.setdefault(kind, []).append(item)
        return Site(objects, site.number)
