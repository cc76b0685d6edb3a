"""What people see of a package, and whether its catalogues say it in every language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

_HOLES = re.compile(r"\{\w+\}|`[^`]+`")
_ENTRY = re.compile(r'^(msgid|msgstr) ((?:".*"\n?)+)', re.MULTILINE)


def marked_texts(folder: Path) -> set[str]:
    """Texts that the modules below a folder mark with `_(…)`."""
    found = set()
    for source in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                texts = (argument.value for argument in node.args if isinstance(argument, ast.Constant))
                found |= {text for text in texts if isinstance(text, str)}
    return found


def read_po(path: Path) -> dict[str, str]:
    """The texts of a catalogue and what they are in its language.

    Raises:
        OSError: there is no such file.
    """
    entries = _ENTRY.findall(path.read_text(encoding="utf-8"))
    texts = [ast.literal_eval("(" + text.replace("\n", " ") + ")") for _, text in entries]
    return {str(one): str(other) for one, other in zip(texts[::2], texts[1::2], strict=True) if one}


def shortcomings(texts: Iterable[str], catalogue: dict[str, str]) -> list[str]:
    """A sentence for each text that the catalogue lacks, or whose translation names other things."""
    found = []
    for text in sorted(set(texts)):
        other = catalogue.get(text, "")
        if not other:
            found.append(f"no translation of {text!r}")
        elif sorted(_HOLES.findall(text)) != sorted(_HOLES.findall(other)):
            found.append(f"the translation of {text!r} names other things: {other!r}")
    return found
