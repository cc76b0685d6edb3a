"""What plugins declare: settings in words, permissions, screens and pages, the API's version, deprecations."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from jackfield import deprecation
from jackfield.api import API, Permission, Role, Screen, WebRoute, describe_settings, hookimpl
from jackfield.config.site import Site
from jackfield.errors import JackfieldError, PluginFault
from jackfield.permissions import EVERYTHING, declared_permissions
from jackfield.plugins import PluginHost, State
from jackfield.plugins.loading import outside
from jackfield.settings import Settings
from pydantic import BaseModel, Field, SecretStr
from service_rig import Daemon, Plugin
from verb_rig import Conversation


class Door(BaseModel):
    code: SecretStr | None = Field(None, description="Opens it")
    tries: int = Field(3, description="Before it locks")


class BankSettings(BaseModel):
    url: str = Field(description="Where the bank answers")
    token: SecretStr = Field(SecretStr(""), description="What it knows us by")
    currencies: list[str] = Field(["EUR"], description="Those it has")
    door: Door = Field(default_factory=Door, description="The door")


def test_settings_in_words():
    rows = {row["name"]: row for row in describe_settings(BankSettings)}
    assert rows["url"] == {
        "name": "url", "type": "text", "default": None, "description": "Where the bank answers", "secret": False,
        "needed": True,
    }  # fmt: skip
    assert (rows["currencies"]["type"], rows["currencies"]["default"]) == ("list of text", ["EUR"])
    assert (rows["door.code"]["type"], rows["door.code"]["secret"]) == ("secret text", True)
    assert rows["door.tries"]["default"] == 3


def test_no_secret_is_told():
    values = BankSettings(url="x", token=SecretStr("hunter2"), door=Door(code=SecretStr("hunter2")))
    rows = describe_settings(BankSettings, values)
    assert "hunter2" not in str(rows)
    assert {row["name"]: row["value"] for row in rows if row["secret"]} == {
        "token": "********",
        "door.code": "********",
    }
    assert next(row["value"] for row in describe_settings(Door, Door()) if row["secret"]) == ""


class Careful:
    permissions = ("dial-out", Permission.NETWORK)


class Confused:
    permissions = ("fly",)


def test_permissions_are_read_and_checked():
    assert declared_permissions(Careful()) == {Permission.DIAL_OUT, Permission.NETWORK}
    assert declared_permissions(object()) == frozenset()
    with pytest.raises(JackfieldError, match="'fly' is not a valid Permission; there are: network, files, dial-out"):
        declared_permissions(Confused())


class Dialling(Plugin):
    def good(self, call, name):
        call.answer()
        call.dial(["PJSIP/00331234@carrier"], seconds=5)


def test_dialling_out_without_the_permission_is_a_fault():
    daemon = Daemon(Dialling())
    peer = daemon.call("good")
    record = daemon.ended()
    peer.ended.wait(5)
    assert not any("EXEC Dial" in command for command in peer.commands)
    assert [s.destination for s in daemon.writer.steps][-1] == "prompt:sorry" and record.result
    assert len(daemon.host.statuses["test"].faults) == 1


def test_dialling_out_with_the_permission(tmp_path):
    with Conversation(Site({}), tmp_path) as talk:
        talk.call.permissions = frozenset({Permission.DIAL_OUT})
        talk.run(lambda call: call.dial(["PJSIP/00331234@carrier"], seconds=5))
        assert any(c.startswith('EXEC Dial "PJSIP/00331234@carrier,5,') for c in talk.peer.commands)
    host = PluginHost(Settings())
    assert host.permissions("") == EVERYTHING and host.permissions("nobody") == frozenset()


@pytest.mark.parametrize("target", ["os", "os:", ":path", "os path:x", "os.system:a.b", "../x:Y", ""])
def test_a_target_that_is_none(target):
    with pytest.raises(ValueError, match=r"not of the form package\.module:Name"):
        Screen("bank.x", "X", target)
    with pytest.raises(ValueError, match="not of the form"):
        WebRoute("/x", target)


@pytest.mark.parametrize("path", ["x", "/", "/X", "/a/../b", "/a?b", "/{A}", "/a/"])
def test_a_path_that_is_none(path):
    with pytest.raises(ValueError, match="a path is"):
        WebRoute(path, "a.b:c")


def test_a_screen_has_one_key_and_a_plain_name():
    with pytest.raises(ValueError, match="one key"):
        Screen("bank.x", "X", "a:b", key="ab")
    with pytest.raises(ValueError, match="small letters"):
        Screen("Bank", "X", "a:b")


class Surfaces:
    api = API

    @hookimpl
    def jackfield_screens(self):
        return [Screen("bank.x", "X", "jackfield_nowhere.screens:X", key="x")]

    @hookimpl
    def jackfield_web_routes(self):
        return [WebRoute("/x/{number}", "jackfield_nowhere.web:x", Role.VIEWER)]


class TooNew:
    api = "1.99"


class Stranger:
    @hookimpl
    def jackfield_screens(self):
        return [Screen("other.x", "X", "a:b")]


def loaded(name, attribute):
    host = PluginHost(Settings())
    host.load([EntryPoint(name, f"{__name__}:{attribute}", "jackfield.plugins")])
    return host.statuses[name]


def test_screens_and_pages_are_declared_and_not_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    status = loaded("bank", "Surfaces")
    assert status.state is State.ENABLED, status.reason
    assert [s.key for s in status.declared["jackfield_screens"]] == ["x"]
    assert [r.path for r in status.declared["jackfield_web_routes"]] == ["/x/{number}"]
    assert not any(module.startswith("jackfield_nowhere") for module in sys.modules)


def test_names_of_screens_are_the_plugins():
    status = loaded("bank", "Stranger")
    assert status.state is State.FAILED and "a screen must be named bank.…" in status.reason


def test_a_plugin_for_another_api_is_listed_with_the_reason():
    status = loaded("bank", "TooNew")
    assert status.state is State.WRONG_API
    assert status.reason.endswith(f"made for plugin API 1.99; this is {API}: upgrade jackfield first")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("1.0", ""), ("2.0", "get the plugin's version for 1.x"), ("0.9", "made for plugin API 0.9"),
     ("1", "not MAJOR.MINOR"), ("1.0.0", "not MAJOR.MINOR"), ("new", "not MAJOR.MINOR")],
)  # fmt: skip
def test_versions_of_the_api(wanted, words):
    assert (words in outside(wanted)) if words else outside(wanted) == ""


def test_a_deprecation_is_told_once_with_the_plugins_name(monkeypatch):
    told = []
    monkeypatch.setattr(deprecation.log, "warning", lambda event, **more: told.append(more))
    monkeypatch.setattr(deprecation, "_told", set())

    @deprecation.deprecated("1.1", "new")
    def old():
        return 1

    code = compile("def handler(): return old()", "plugin", "exec")
    for name in ("jackfield_bank.handler", "jackfield_bank.other", "jackfield_shop"):
        space = {"__name__": name, "old": old}
        exec(code, space)
        assert space["handler"]() == 1
    assert [(t["plugin"], t["instead"]) for t in told] == [("jackfield_bank", "new"), ("jackfield_shop", "new")]


def test_the_api_brings_no_worker_and_no_screens_into_the_daemon():
    code = "import sys, jackfield.api; print({m.partition('.')[0] for m in sys.modules} & {'rq', 'redis', 'textual'})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_faults_are_of_the_plugin():
    assert str(PluginFault.recovery) == "give up this plugin"
