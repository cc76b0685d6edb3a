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
    min_free_mb: int = Field(
        200, ge=0, le=1_000_000, description="With fewer MB free than this nothing is recorded, and an alarm is raised"
    )
    format: Format = Field("flac", description="flac keeps every sample; opus (48 kbit/s) takes less room")
