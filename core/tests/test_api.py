"""The public API: documented, tried, and not changed without a new version."""

import doctest
import importlib.util
import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
import structlog
from jackfield import api, hookspecs
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.parking import Parking
from jackfield.config.site import Site
from jackfield.permissions import EVERYTHING
from pydantic import BaseModel, Field, SecretStr
from verb_rig import Conversation

ROOT = Path(__file__).parents[2]
SITE = Site({"extension": [Extension(name="201")], "parking": [Parking(name="lot", first="701", last="702")]})


def _load():
    spec = importlib.util.spec_from_file_location("make_plugin_api", ROOT / "docs/make_plugin_api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


docs = _load()
VERBS = [name for name, value in docs.verbs().items() if not isinstance(value, property)]


@cache
def text_of_tests():
    """All tests, but for this one."""
    files = [*ROOT.glob("core/tests/**/*.py"), *ROOT.glob("plugins/*/tests/*.py"), *ROOT.glob("tests/journeys/*.py")]
    files += ROOT.glob("plugins/*/src/**/plugin.py")  # their journeys run these
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file != Path(__file__))


def test_the_document_is_current():
    assert docs.TARGET.read_text(encoding="utf-8") == docs.text(), "run: make docs"


def test_the_surface_changes_with_the_version_only():
    kept = json.loads(docs.SURFACE.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(docs.surface()))
    if kept["api"] == now["api"]:
        for part in kept:
            assert now[part] == kept[part], f"{part} changed: raise API in plugins/loading.py, then run: make docs"
    assert kept["api"] == now["api"], "run: make docs"


@pytest.mark.parametrize("name", api.__all__)
def test_a_name_is_documented_and_tried(name):
    about = docs.about(name, getattr(api, name))
    assert re.match(r"[A-Z`].*[.:]", about.replace("\n", " ")), f"{name} says nothing of itself: {about[:60]!r}"
    assert re.search(rf"\b{name}\b", text_of_tests()) or name in (*docs.SERVICES, "Spoken"), f"no test speaks of {name}"


@pytest.mark.parametrize("name", docs.hooks())
def test_a_hook_is_documented_and_tried(name):
    assert (getattr(hookspecs.Hooks, name).__doc__ or "").strip().endswith((".", "`"))
    assert f"def {name}(" in text_of_tests(), f"no test implements {name}"


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_documented_and_tried(name):
    doc = docs.verbs()[name].__doc__ or ""
    assert "Example:" in doc and ">>> " in doc, f"{name} has no example"
    assert name in ("get_data", "wake", "set_data", "want_recording", "park", "transfer", "phones") or "Raises:" in doc
    assert re.search(rf"call\.{name}\(", text_of_tests()), f"no test calls {name}"


KEYS = {"ask": "2", "ask_digits": "4711#", "key": "7", "wait": "*"}
ANSWERS = {
    "dial": {"GET VARIABLE": "200 result=1 (ANSWER)"},
    "join": {"GET FULL VARIABLE": "200 result=1 (SUCCESS)"},
    "record": {"RECORD FILE": "200 result=35 (dtmf) endpos=8000"},
}


@pytest.mark.parametrize("name", VERBS)
def test_the_example_of_a_verb_runs(name, tmp_path):
    with Conversation(SITE, tmp_path) as talk:
        talk.keys(KEYS.get(name, ""))
        talk.peer.answers |= ANSWERS.get(name, {})
        talk.record_bytes(44 + 16000)
        talk.sounds.patterns["en"]["balance"] = ["balance~1", "{amount}"]
        talk.call.permissions = EVERYTHING
        talk.call.set_data("bank-account", {"number": "4711", "tries": 1})
        names = vars(api) | {"call": talk.call, "Decimal": Decimal}
        run_example(name, docs.verbs()[name].__doc__, names)


@pytest.mark.parametrize("name", api.__all__)
def test_the_example_of_a_name_runs(name):
    doc = getattr(api, name).__doc__ or ""
    if ">>> " in doc:
        more = {"Decimal": Decimal, "BaseModel": BaseModel, "Field": Field, "SecretStr": SecretStr}
        names = {k: v for k, v in vars(api).items() if k != "annotations"}
        run_example(name, doc, names | more)


def run_example(name, doc, names):
    found = doctest.DocTestParser().get_doctest(doc, dict(names), name, None, 0)
    assert found.examples
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    out = []
    with structlog.testing.capture_logs():
        runner.run(found, out=out.append)
    assert runner.failures == 0, "".join(out)


def test_settings_of_our_plugins_are_described():
    for status in docs_host().statuses.values():
        if status.settings is not None:
            for row in api.describe_settings(type(status.settings)):
                assert row["description"], f"{status.name}: {row['name']} has no description"


def docs_host():
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs/make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.installed()
