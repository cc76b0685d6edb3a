"""Settings of recordings: `[plugins.recording]`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["flac", "opus"]


class RecordingSettings(BaseModel):
    """`[plugins.recording]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    spool_dir: Path = Field(
        Path("/var/spool/jackfield/recordings"), description="Where Asterisk writes while a call lives"
    )
    store_dir: Path = Field(Path("/var/lib/jackfield/recordings"), description="Where finished recordings are kept")
    format: Format = Field("flac", description="flac keeps every sample; opus (48 kbit/s) takes less room")
