"""Where things are on the machine."""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass
from pathlib import Path

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Of package ca-certificates."""


def asterisk_modules() -> Path:
    """Debian's folder of Asterisk modules, for this machine's architecture."""
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    likely = Path("/usr/lib", multiarch, "asterisk", "modules")
    if likely.is_dir():
        return likely
    return next(iter(sorted(Path("/usr/lib").glob("*/asterisk/modules"))), likely)


@dataclass(frozen=True, slots=True)
class Paths:
    """Folders of Jackfield and of Asterisk."""

    base: Path = Path("/var/lib/jackfield/asterisk")
    """Generations, `current`, `secrets.toml`, `custom/`."""
    sounds: Path = Path("/var/lib/jackfield/sounds")
    sources: Path = Path("/var/lib/jackfield/prompts-src")
    """Uploaded sounds, as they came."""
    modules: Path = Path()
    """Asterisk's modules; found by the machine's architecture when left out."""
    asterisk_state: Path = Path("/var/lib/asterisk")
    asterisk_data: Path = Path("/usr/share/asterisk")
    asterisk_spool: Path = Path("/var/spool/asterisk")
    asterisk_run: Path = Path("/run/asterisk")
    asterisk_log: Path = Path("/var/log/asterisk")
    asterisk_cache: Path = Path("/var/cache/asterisk")

    def __post_init__(self) -> None:
        if self.modules == Path():
            object.__setattr__(self, "modules", asterisk_modules())

    @property
    def current(self) -> Path:
        """The generation in force."""
        return self.base / "current"

    @property
    def generations(self) -> Path:
        """All generations."""
        return self.base / "generations"

    @property
    def custom(self) -> Path:
        """Hand-written additions, included at the end of each file."""
        return self.base / "custom"

    @property
    def secrets(self) -> Path:
        """Secrets made at installation."""
        return self.base / "secrets.toml"

    @property
    def certificate(self) -> Path:
        """The certificate that the machine makes for itself."""
        return self.base / "tls" / "jackfield.crt"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.base / "tls" / "jackfield.key"

    @property
    def authorities(self) -> Path:
        """Debian's list of certificate authorities."""
        return AUTHORITIES

    @property
    def lock(self) -> Path:
        """Held by whoever changes the site."""
        return self.base / ".lock"
