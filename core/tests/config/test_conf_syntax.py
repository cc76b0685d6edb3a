import pytest
from jackfield.config.conf_syntax import modules, parse

GOOD = """; a comment
[one](!)
key = value
other => x,y

[two]
exten => _X.,1,Set(A=${IF($["${B}" = "c"]?1:2)})
 same => n(here),Goto(one,s,1)
same => n+2,NoOp
exten => s,hint,Hint(PJSIP/1)
include => one
"""


def test_reads_sections_and_pairs():
    found = parse(GOOD.replace("key = value\nother => x,y\n", "include => x\n"), "extensions.conf")
    assert found.errors == []
    assert [name for name, _ in found.sections] == ["one", "two"]
    assert ("include", "one") in found.sections[1][1]


def test_other_files_take_any_key():
    assert parse("[a]\nstrategy = ringall\nmember => PJSIP/1,0\n", "queues.conf").errors == []


@pytest.mark.parametrize(
    "text",
    [
        "key = value\n",
        "[a]\nnonsense\n",
        "[a\nx = 1\n",
        "[a](+)\nx = 1\n",
        "[a]\n#include /etc/passwd\n",
        "[a]\n#exec id\n",
        "[a]\n;-- block\n",
        "[a]\nx = 1\x00\n",
        "[a]\nx = 1\x0b\n",
        "[a]\nx = 1\u2028y = 2\n",
        "[a]\rx = 1\n",
        "[a b]\nx = 1\n",
        "[]\n",
    ],
)
def test_refuses(text):
    assert parse(text, "queues.conf").errors


@pytest.mark.parametrize(
    "line",
    [
        "exten => s",
        "exten => s,1",
        "exten => s,x,NoOp()",
        "exten => s,1,NoOp(",
        "exten => s,1,NoOp())",
        "exten => s,1,Set(A=${B)",
        "same => NoOp()",
        "foo => s,1,NoOp()",
        "exten => s,1,No Op()",
    ],
)
def test_refuses_dialplan(line):
    assert parse(f"[a]\n{line}\n", "extensions.conf").errors


def test_modules():
    assert modules("app_queue.so\n; no\n\n res_fax.so \n../x.so\nApp.so\n") == (
        ["app_queue.so", "res_fax.so"],
        ["'../x.so' is not the name of a module", "'App.so' is not the name of a module"],
    )
