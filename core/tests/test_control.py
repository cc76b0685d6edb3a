import socket
import threading
from pathlib import Path

import pytest
from jackfield.control.client import request
from jackfield.control.server import ControlServer
from jackfield.errors import CommandFailed, JackfieldError, NotConnected


def refuse() -> None:
    raise JackfieldError("not today")


@pytest.fixture
def path(tmp_path: Path):
    server = ControlServer(tmp_path / "c.sock", {"echo": lambda text="": text, "refuse": refuse, "bug": lambda: 1 / 0})
    server.start()
    yield tmp_path / "c.sock"
    server.stop()


def test_answers(path: Path) -> None:
    assert request("echo", path=path, text="你好") == "你好"
    assert path.stat().st_mode & 0o777 == 0o660


def test_refusals_say_why(path: Path) -> None:
    for method, why in (("refuse", "not today"), ("bug", "ZeroDivisionError"), ("nothing", "there are: bug, echo")):
        with pytest.raises(CommandFailed, match=why):
            request(method, path=path)
    with pytest.raises(CommandFailed, match="unexpected"):
        request("echo", path=path, other=1)


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[1]\n", b'{"method": 5}\n', b"\xff\n", b"[" * 100000 + b"\n"])
def test_rubbish_is_answered(path: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(line)
        assert b"not a request" in sock.makefile("rb").readline()
    assert request("echo", path=path, text="still here") == "still here"


def test_many_at_once(path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(request("echo", path=path, text=str(n)))) for n in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(found, key=int) == [str(n) for n in range(30)]


def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(NotConnected, match="systemctl status"):
        request("status", path=tmp_path / "none.sock")
