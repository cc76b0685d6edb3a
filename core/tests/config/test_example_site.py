"""The example site fits core and the plugins as they are."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from jackfield.config.objects.inbound import Did, Hours
from jackfield.config.objects.prompt import Prompt
from jackfield.config.workspace import Workspace
from jackfield.plugins import State
from jackfield.prompts.manifest import Manifest

SHOP = Path(__file__).parents[3] / "docs" / "example-site" / "shop.toml"
PLUGINS = {"ivr": "IvrPlugin", "acd": "AcdPlugin", "recording": "RecordingPlugin"}


@pytest.fixture
def shop(workspace: Workspace, host) -> Workspace:
    points = [
        EntryPoint(name, f"jackfield_{name}.plugin:{made}", "jackfield.plugins") for name, made in PLUGINS.items()
    ]
    host.load(points)
    assert {s.name: (s.state, s.reason) for s in host.statuses.values()} == dict.fromkeys(PLUGINS, (State.ENABLED, ""))
    workspace.import_text(SHOP.read_text(), lambda name: (SHOP.parent / name).read_bytes())
    return workspace


def test_it_applies_without_a_warning(shop, paths):
    assert shop.check() == []
    plan, applied = shop.apply("example")
    assert plan.warnings == []
    assert applied.number == 1
    assert shop.plan().empty
    text = (paths.current / "queues.conf").read_text()
    assert "[sales]" in text
    assert "[service]" in text


def test_what_the_demo_relies_on(shop):
    site, left_out = shop.draft()
    assert left_out == []
    dids = {d.number: d for d in site.all("did", Did)}
    assert sorted(dids) == ["5550100", "5550101", "5550102", "5550103"]
    assert dids["5550100"].destination == "ivr:main"
    assert dids["5550103"].language == "zh"
    assert site.get("hours", dids["5550102"].hours, Hours).holidays == ["01-01/12-31"], "it is always closed"
    assert dids["5550102"].closed == "prompt:closed"
    assert site.names("extension") == ["201", "202", "203", "204"]
    assert site.names("agent") == ["1001", "1002", "1003", "1004"]
    assert site.names("queue") == ["sales", "service"]


def test_every_prompt_is_there_in_both_languages(shop, paths):
    shop.apply("")
    manifest = Manifest.load(paths.current / "sounds.json")
    for prompt in shop.draft()[0].all("prompt", Prompt):
        english, chinese = manifest.file(prompt.name, "en"), manifest.file(prompt.name, "zh")
        assert "/en/" in english
        assert "/zh/" in chinese


def test_its_export_comes_back(shop):
    exported = shop.export_text()
    shop.import_text(exported, lambda name: b"")
    assert shop.export_text() == exported
