"""Colours, for terminals of 16 and of more colours. Nothing is told by colour alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.theme import Theme

DARK = Theme(
    name="jackfield",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#d7af5f",
    warning="#d7af5f",
    error="#e06c75",
    success="#87c38f",
    foreground="#d8dee4",
    background="#14181d",
    surface="#1b2027",
    panel="#262d36",
    dark=True,
    variables={"footer-key-foreground": "#d7af5f", "footer-background": "#1b2027", "block-cursor-text-style": "bold"},
)
LIGHT = Theme(
    name="jackfield-light",
    primary="#1f6f9f",
    secondary="#4f7f7f",
    accent="#8f5f00",
    warning="#8f5f00",
    error="#b02a37",
    success="#2e7d32",
    foreground="#20262c",
    background="#fbfaf7",
    surface="#f1efe9",
    panel="#e3e0d8",
    dark=False,
    variables={"footer-key-foreground": "#8f5f00", "footer-background": "#f1efe9"},
)
THEMES = (DARK, LIGHT)
PLAIN = "ansi-dark"
"""Textual's own: the terminal's 16 colours, as they are set there."""


def colours(environment: Mapping[str, str] | None = None) -> int:
    """How many colours the terminal has, by its own word: 16, 256 or 2**24."""
    env = os.environ if environment is None else environment
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 1 << 24
    term = env.get("TERM", "")
    return 256 if "256color" in term or term.startswith(("tmux", "screen.", "xterm-kitty", "alacritty", "foot")) else 16


def colour(app: App[Any], name: str) -> str:
    """A colour of the theme in force, in the words of Rich, which calls the terminal's own by their bare names."""
    return app.theme_variables.get(name, "").removeprefix("ansi_")


def first_choice(environment: Mapping[str, str] | None = None) -> str:
    """The theme for a terminal: our dark one where there are colours for it; `NO_COLOR` is heard by Textual itself."""
    return DARK.name if colours(environment) > 16 else PLAIN
