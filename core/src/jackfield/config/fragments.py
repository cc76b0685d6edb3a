"""What plugins contribute to a site's configuration. The daemon imports this, so it needs no template engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a configuration file.

    `file` is one of Asterisk's (`extensions.conf`, `queues.conf`, `musiconhold.conf`, `modules.conf` …). For
    `modules.conf` the text is one module a line (`app_queue.so`).
    """

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class SoundRequest:
    """A prompt that a plugin needs: its name (`acd-position`) and its text in each language."""

    name: str
    text: dict[str, str]
