import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from jackfield.config.importer import import_site
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.trunk import Trunk
from jackfield.config.secrets import Secrets, fill_secrets
from jackfield.config.site import Site
from jackfield.errors import SettingsError

PHONES = '[[extension]]\nname = "201"\n[[extension]]\nname = "202"\nsecret = "mine-mine"\n'
TRUNK = '[[trunk]]\nname = "t"\nhost = "h"\nusername = "u"\n'


def secret(site, name="201"):
    return site.get("extension", name, Extension).secret


def test_made_when_left_out_and_kept_afterwards(kinds):
    first = fill_secrets(import_site(PHONES, kinds), Site({}), kinds)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{32}", secret(first))
    assert secret(first, "202") == "mine-mine"
    again = fill_secrets(import_site(PHONES, kinds), first, kinds)
    assert secret(again) == secret(first)
    changed = fill_secrets(import_site(PHONES.replace("mine-mine", "other-one"), kinds), first, kinds)
    assert secret(changed, "202") == "other-one"


def test_two_phones_get_two_secrets(kinds):
    made = fill_secrets(import_site(PHONES.replace('secret = "mine-mine"\n', ""), kinds), Site({}), kinds)
    assert secret(made) != secret(made, "202")


def test_a_trunks_secret_is_kept_but_never_made(kinds):
    none = fill_secrets(import_site(TRUNK, kinds), Site({}), kinds)
    assert none.get("trunk", "t", Trunk).secret is None
    given = import_site(TRUNK + 'secret = "abcdefgh"\n', kinds)
    assert fill_secrets(import_site(TRUNK, kinds), given, kinds).get("trunk", "t", Trunk).secret == "abcdefgh"
    by_address = import_site(TRUNK.replace('username = "u"\n', ""), kinds)
    assert fill_secrets(by_address, given, kinds).get("trunk", "t", Trunk).secret is None


def test_the_machines_secrets_are_made_once_and_private(tmp_path):
    path = tmp_path / "asterisk" / "secrets.toml"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: Secrets.load(path), range(16)))
    assert len(found) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["secrets.toml"]
    one = found.pop()
    assert one.ami_secret != one.agi_token
    assert len(one.agi_token) >= 32


@pytest.mark.parametrize("text", ["ami_secret = 'x'\n", "ami_secret = ", "agi_token = ''\nami_secret = 'x'\n"])
def test_a_broken_file_is_told(tmp_path, text):
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"secrets\.toml"):
        Secrets.load(path)
