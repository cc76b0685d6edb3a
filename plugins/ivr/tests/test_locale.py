"""What people see of menus, in Chinese."""

from __future__ import annotations

import gettext
import re
import subprocess
from pathlib import Path
from typing import Any

import jackfield_ivr
import pytest
from jackfield_ivr import checks
from jackfield_ivr.kinds import Menu
from jackfield_ivr.plugin import IvrPlugin

PO = Path(jackfield_ivr.__file__).parent / "locale/zh/LC_MESSAGES/jackfield_ivr.po"


@pytest.fixture
def chinese(tmp_path: Path) -> gettext.GNUTranslations:
    compiled = tmp_path / "zh.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", str(compiled), str(PO)], check=True)
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file)


def test_every_text_has_a_translation_that_names_the_same_things(
    chinese: gettext.GNUTranslations, site: Any, monkeypatch: Any
) -> None:
    asked: list[str] = []

    def note(text: str) -> str:
        asked.append(text)
        return text

    monkeypatch.setattr(checks, "_", note)
    round_and_round = {"on_timeout": "ivr:m", "on_invalid": "ivr:m", "dial_extensions": True, "prompt": "p"}
    checks.check(site(Menu(name="m", keys={"201": "queue:a"}, **round_and_round), extensions=["201"]))
    checks.check(site(Menu(name="m", **round_and_round)))
    assert len(set(asked)) == 2
    plugin = IvrPlugin()
    asked += [k.title for k in (*plugin.jackfield_site_kinds(), *plugin.jackfield_destinations())]
    asked += [f.description for f in Menu.model_fields.values() if f.description]
    for text in asked:
        translated = chinese.gettext(text)
        assert translated != text
        assert sorted(re.findall(r"{\w+}|`\w+`", translated)) == sorted(re.findall(r"{\w+}|`\w+`", text))
        assert text.split(" ")[0] == translated.split(" ")[0] or not text.startswith("menu:"), (
            "findings name the object first"
        )
