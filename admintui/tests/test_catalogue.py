"""Every text of the console has its Chinese, with the same names in it."""

from __future__ import annotations

import ast
import gettext
import re
import subprocess
from pathlib import Path

import jackfield_admintui

HERE = Path(jackfield_admintui.__file__).parent
CATALOGUE = HERE / "locale/zh/LC_MESSAGES/jackfield_admintui.po"
SAME = {"MOS"}


def marked() -> set[str]:
    found = set()
    for source in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def test_every_marked_text_is_in_the_chinese_catalogue_and_names_the_same_things(tmp_path: Path) -> None:
    compiled = tmp_path / "console.mo"
    subprocess.run(["msgfmt", "--check", "-o", str(compiled), str(CATALOGUE)], check=True)
    with compiled.open("rb") as file:
        chinese = gettext.GNUTranslations(file).gettext
    texts = marked()
    assert len(texts) > 300
    assert sorted(text for text in texts - SAME if chinese(text) == text) == [], f"add these to {CATALOGUE}"
    holes = re.compile(r"\{\w+\}")
    assert [t for t in texts if sorted(holes.findall(t)) != sorted(holes.findall(chinese(t)))] == []
