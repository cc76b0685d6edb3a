"""Secrets, shown on demand."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Label, Static

from jackfield_admintui.confirm import Modal
from jackfield_admintui.texts import _, plain


class ShowSecrets(Modal[None]):
    """An object's secrets in a box; the daemon has noted in the audit log that they were read."""

    DEFAULT_CSS = """
    ShowSecrets { align: center middle; }
    ShowSecrets > Vertical { width: 70; max-width: 95%; height: auto; border: round $primary; background: $surface;
                             padding: 1 2; }
    ShowSecrets Label { text-style: bold; margin-bottom: 1; }
    ShowSecrets .hint { margin-top: 1; color: $foreground 70%; }
    """

    def __init__(self, title: str, secrets: Mapping[str, str]) -> None:
        super().__init__()
        self._title, self._secrets = title, secrets

    def compose(self) -> ComposeResult:
        """Each secret."""
        with Vertical():
            yield Label(self._title, markup=False)
            lines = [f"{field}: {plain(value)}" for field, value in sorted(self._secrets.items())]
            yield Static("\n".join(lines) or _("It has no secret."), markup=False, id="secrets")
            yield Static(_("Put it into the phone now. F6 in the form shows it again. · Esc: close"), classes="hint")
