"""What a back-up's archive says of itself, and the rules for names in it. It may come from anywhere: no trust here."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jackfield.errors import JackfieldError, Recovery
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
FORMAT = 1
NAME = "manifest.json"
DATABASE, DUMP = "database.db", "database.dump"
SITE, DRAFT, SETTINGS = "site.json", "draft.json", "jackfield.toml"
FOLDERS = ("prompts", "custom", "tls", "recordings")
MAX_FILES, MAX_BYTES = 200_000, 1 << 44
_PART = re.compile(r"(?!\.{1,2}$)[^/\x00-\x1f\x7f\\]{1,255}")
_DEEPEST = 8


class BackupError(JackfieldError):
    """A back-up cannot be made, read or restored; the message says why and what to do."""

    recovery = Recovery.REFUSE_INPUT


def allowed(name: str) -> bool:
    """Whether a file of an archive may have this name: one of ours, or below one of our folders, and nothing clever."""
    parts = name.split("/")
    if not all(_PART.fullmatch(part) for part in parts) or len(parts) > _DEEPEST:
        return False
    if len(parts) == 1:
        return name in (DATABASE, DUMP, SITE, DRAFT, SETTINGS)
    return parts[0] in FOLDERS


def _above(name: str) -> set[str]:
    parts = name.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


class Entry(BaseModel):
    """A file in the archive."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    size: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @field_validator("name")
    @classmethod
    def _ours(cls, name: str) -> str:
        if not allowed(name):
            raise ValueError(f"{name[:80]!r} is no name of a file in a back-up")
        return name


class Manifest(BaseModel):
    """The first file of an archive."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    product: Literal["jackfield"] = "jackfield"
    format: Annotated[int, Field(ge=1)] = FORMAT
    version: Annotated[str, Field(max_length=64)]
    """Of the package jackfield that made it."""
    made_at: AwareDatetime
    host: Annotated[str, Field(max_length=255)]
    title: Annotated[str, Field(max_length=200)]
    author: Annotated[str, Field(max_length=64)]
    generation: int | None
    """The one in force."""
    database: Literal["sqlite", "postgresql"]
    revisions: dict[str, str]
    """Owner of tables → their revision."""
    recordings: bool
    files: Annotated[list[Entry], Field(max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _each_once(self) -> Manifest:
        names = {entry.name for entry in self.files}
        if len(names) < len(self.files) or any(_above(name) & names for name in names):
            raise ValueError("a file is in it twice")
        return self

    @property
    def bytes(self) -> int:
        """Of all files, unpacked."""
        return sum(entry.size for entry in self.files)

    def has(self, name: str) -> bool:
        """Whether a file of this name is in it."""
        return any(entry.name == name for entry in self.files)


def read_manifest(data: bytes) -> Manifest:
    """Read it.

    Raises:
        BackupError: it is none, is damaged, or was made by a newer Jackfield.
    """
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        newer = re.match(rb'\{\s*"product":\s*"jackfield",\s*"format":\s*(\d{1,9})', data)
        if newer and int(newer[1]) > FORMAT:
            raise newer_than_we() from None
        first = error.errors()[0]
        raise BackupError(
            _("this is no back-up of Jackfield, or it is damaged: {where}: {why}").format(
                where=".".join(map(str, first["loc"])) or NAME, why=first["msg"]
            )
        ) from None


def newer_than_we() -> BackupError:
    """The refusal of what a later version has made."""
    return BackupError(_("it was made by a newer Jackfield than this one; upgrade this machine first"))


def stamp(at: datetime) -> str:
    """A time as in the names of back-ups, as 20261122T031500Z."""
    return at.strftime("%Y%m%dT%H%M%SZ")


def described(name: str, manifest: Manifest) -> dict[str, Any]:
    """A back-up for people and programs, without its list of files."""
    said = manifest.model_dump(mode="json", exclude={"files", "product", "format"})
    return {"name": name} | said | {"files": len(manifest.files), "bytes_unpacked": manifest.bytes}
