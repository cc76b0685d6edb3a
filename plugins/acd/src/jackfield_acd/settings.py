"""Settings of queues and agents: `[plugins.acd]`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator


class AcdSettings(BaseModel):
    """`[plugins.acd]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    queue_log: Path | None = Field(
        Path("/var/log/jackfield/queue_log"),
        description="What happens in queues, in the form of Asterisk's file of that name; '' writes none",
    )
    keep_days: int = Field(
        400, ge=1, le=4000, description="How long it is kept what happened in queues, for reports; in days"
    )

    @field_validator("queue_log", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return None if value == "" else value
