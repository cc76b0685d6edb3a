"""What people see of queues and agents, in Chinese."""

import gettext
import re
import subprocess
from pathlib import Path

import jackfield_acd
import pytest
from jackfield.config.site import Site
from jackfield_acd import checks, pausing
from jackfield_acd.kinds import Agent, Queue, Widen
from jackfield_acd.plugin import AcdPlugin

PO = Path(jackfield_acd.__file__).parent / "locale/zh/LC_MESSAGES/jackfield_acd.po"


@pytest.fixture
def chinese(tmp_path):
    compiled = tmp_path / "zh.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", str(compiled), str(PO)], check=True)
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file)


def test_every_text_has_a_translation_that_names_the_same_things(chinese, world, monkeypatch):
    asked = []
    monkeypatch.setattr(pausing, "_", lambda text: asked.append(text) or text)
    monkeypatch.setattr(checks, "_", lambda text: asked.append(text) or text)
    site = world.make_site(
        [
            Queue(name="ab", max_wait=1, agents=["1"], skills={"german": 1}, join_needs="free"),
            Queue(name="a-b", empty="queue:a-b"),
        ],
        [
            Agent(name="1", extension="201", own_callers="vip"),
            Agent(name="2", extension="201", own_callers="vip", weights={"ab": 2}),
        ],
    )
    checks.check_queues(site)
    checks.check_agents(site)
    reasons = [pausing.PauseReason(name=name, code="1", text={"en": "Lunch"}) for name in ("lunch", "tea")]
    pausing.check(Site({"pause-reason": reasons}))
    assert len(set(asked)) == 9
    plugin = AcdPlugin()
    declared = (plugin.jackfield_site_kinds(), plugin.jackfield_destinations(), plugin.jackfield_feature_codes())
    asked += [item.title for items in declared for item in items]
    asked += [
        f.description
        for m in (Queue, Agent, Widen, pausing.PauseReason)
        for n, f in m.model_fields.items()
        if n != "name" and f.description
    ]
    for text in asked:
        translated = chinese.gettext(text)
        assert translated != text, text
        assert sorted(re.findall(r"{\w+}|`\w+`", translated)) == sorted(re.findall(r"{\w+}|`\w+`", text))
