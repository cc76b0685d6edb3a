"""Lines of the log: whose code logs is in them."""

import json
import logging
import sys
import types

import pytest
import structlog
from jackfield import log, plugin_names


@pytest.fixture
def lines(capsys, monkeypatch):
    monkeypatch.setattr(plugin_names, "_owners", {})
    monkeypatch.setattr(plugin_names, "_recent", {})
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    log.set_up("info", json=True)

    def read():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield read
    structlog.configure(**before)
    logging.root.handlers[:], logging.root.level = handlers, level


def module(name: str, text: str) -> types.ModuleType:
    made = types.ModuleType(name)
    exec(compile(text, name, "exec"), made.__dict__)
    sys.modules[name] = made
    return made


TEXT = "def run(f):\n    return f()\n"


def test_a_plugins_line_has_its_name(lines):
    plugin_names.know("sample_named", "named")
    made = module("sample_named.deep", TEXT)
    made.run(lambda: structlog.get_logger().info("from within"))
    structlog.get_logger().info("from without")
    made.run(lambda: structlog.get_logger().info("said", plugin="other"))
    assert [line.get("plugin") for line in lines()] == ["named", None, "other"]
    assert [line["event"] for line in plugin_names.recent("other")] == ["said"]


def test_the_standard_librarys_too(lines):
    plugin_names.know("sample_named", "named")
    made = module("sample_named.old", TEXT)
    made.run(lambda: logging.getLogger("sample").warning("%d went wrong", 2))
    logging.getLogger("sample").info("not so important")
    (line,) = lines()
    assert (line["event"], line["plugin"], line["level"], line["logger"]) == (
        "2 went wrong", "named", "warning", "sample",
    )  # fmt: skip


def test_core_is_nobodys(lines):
    plugin_names.know("jackfield", "thief")
    plugin_names.know("", "nameless")
    structlog.get_logger().info("x")
    assert "plugin" not in lines()[0]
