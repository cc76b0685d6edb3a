"""What people see of recordings, in Chinese."""

from __future__ import annotations

import gettext
import subprocess
from pathlib import Path

import jackfield_recording
from jackfield_recording.settings import RecordingSettings

PO = Path(jackfield_recording.__file__).parent / "locale/zh/LC_MESSAGES/jackfield_recording.po"


def test_every_setting_is_described_in_chinese(tmp_path: Path) -> None:
    compiled = tmp_path / "zh.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", str(compiled), str(PO)], check=True)
    with compiled.open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    for field in RecordingSettings.model_fields.values():
        assert field.description
        assert chinese.gettext(field.description) != field.description
