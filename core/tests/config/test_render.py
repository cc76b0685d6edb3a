import pytest
from jackfield.config.conf_syntax import parse
from jackfield.config.fragments import Fragment
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.trunk import Trunk
from jackfield.config.render import TEMPLATES, Options, render, safe
from jackfield.config.site import Site
from jackfield.errors import UnsafeValue
from jinja2 import UndefinedError

SITE = Site(
    {
        "general": [General(name="site", rtp_start=12000, rtp_end=13000, sip_port=5070, address="192.0.2.7")],
        "trunk": [
            Trunk(name="ip", host="10.0.0.1", match=["10.0.0.1", "10.1.0.0/16"]),
            Trunk(
                name="reg", host="2001:db8::1", transport="tcp", username="acc", secret="s3cret-s3cret", language="zh"
            ),
        ],
        "extension": [Extension(name="201", title="Änna 中", secret="abcdefgh", codecs=["opus", "alaw"])],
    }
)
SETTINGS = {
    "agi_token": "TOKEN",
    "guard_seconds": 8,
    "rescue_seconds": 20,
    "up_file": "/run/jackfield/up",
    "sorry_file": "/x/sorry",
    "busy_file": "/x/busy",
    "transfer_file": "/x/transfer",
    "no_transfer_file": "/x/no-transfer",
    "joined_file": "/x/joined",
    "left_file": "/x/left",
    "said": [("en_sorry", "/x/en/jf/sorry-1")],
}


@pytest.fixture
def options(paths):
    return Options(paths, "ami-secret", settings=SETTINGS, music=("piece",))


def sections(text, file="pjsip.conf"):
    lines = "\n".join(line for line in text.split("\n") if not line.startswith("#"))
    parsed = parse(lines, file)
    assert parsed.errors == []
    return [(name, dict(pairs)) for name, pairs in parsed.sections]


def section(text, name, **wanted):
    return next(p for n, p in sections(text) if n == name and all(p.get(k) == v for k, v in wanted.items()))


def test_every_file_is_well_formed(options):
    files = render(SITE, options).files
    assert {"asterisk.conf", "pjsip.conf", "extensions.conf", "modules.conf", "manager.conf", "logger.conf"} <= set(
        files
    )
    for name, text in files.items():
        sections(text, name)
        assert ("#tryinclude" in text) is (name != "asterisk.conf")


def test_trunks(options):
    text = render(SITE, options).files["pjsip.conf"]
    by_address = section(text, "ip", type="endpoint")
    assert by_address["context"] == "jf-trunk"
    assert by_address["set_var"] == "JF_TRUNK=ip"
    assert by_address["direct_media"] == "no"
    assert "outbound_auth" not in by_address
    assert text.count("match = ") == 3
    assert not [p for n, p in sections(text) if n == "ip" and p["type"] in ("auth", "registration")]
    uri = "sip:[2001:db8::1]:5060\\;transport=tcp"
    assert section(text, "reg", type="registration")["server_uri"] == uri
    assert section(text, "reg", type="registration")["client_uri"] == "sip:acc@[2001:db8::1]:5060\\;transport=tcp"
    assert section(text, "reg", type="aor")["contact"] == uri
    auth = section(text, "reg", type="registration")["outbound_auth"]
    assert auth.startswith("reg-") and section(text, "reg", type="endpoint")["outbound_auth"] == auth
    assert section(text, auth, type="auth")["password"] == "s3cret-s3cret"
    assert section(text, "reg", type="endpoint")["language"] == "zh"


def test_phones_and_transports(options):
    text = render(SITE, options).files["pjsip.conf"]
    phone = section(text, "201", type="endpoint")
    assert phone["callerid"] == '"Änna 中" <201>'
    assert phone["allow"] == "opus,alaw"
    assert phone["set_var"] == "JF_EXT=201"
    assert section(text, "201", type="auth")["password"] == "abcdefgh"
    assert section(text, "transport-udp")["bind"] == "192.0.2.7:5070"
    assert "anonymous" not in text.replace("there is no anonymous endpoint", "")


def test_a_phones_own_encryption_and_music(options):
    phones = [
        Extension(name="201", secret="abcdefgh"),
        Extension(name="202", secret="abcdefgh", media_encryption="required", music="jazz"),
        Extension(name="203", secret="abcdefgh", media_encryption="optional"),
    ]
    text = render(Site({"extension": phones}), options).files["pjsip.conf"]
    plain, sealed, either = (section(text, name, type="endpoint") for name in ("201", "202", "203"))
    assert not {"media_encryption", "media_encryption_optimistic", "moh_suggest"} & set(plain)
    assert (sealed["media_encryption"], sealed["media_encryption_optimistic"]) == ("sdes", "no")
    assert (either["media_encryption"], either["media_encryption_optimistic"]) == ("sdes", "yes")
    assert sealed["moh_suggest"] == "jazz"


@pytest.mark.parametrize("names", [False, True])
def test_names_in_conferences(options, names):
    files = render(Site({"general": [General(name="site", conference_names=names)]}), options).files
    found = dict(sections(files["confbridge.conf"], "confbridge.conf"))
    assert found["jf-user"]["announce_join_leave"] == ("yes" if names else "no")
    assert (found["jf-bridge"].get("sound_has_joined") == "/x/joined") is names
    assert ("Set(CHANNEL(language)=jackfield/" in files["extensions.conf"]) is names


def test_an_extension_without_secret_is_never_rendered(options):
    with pytest.raises(UnsafeValue):
        render(Site({"extension": [Extension(name="201")]}), options)


def test_manager_is_on_loopback_and_quiet(options):
    text = render(SITE, options).files["manager.conf"]
    found = dict(sections(text, "manager.conf"))
    assert found["general"]["bindaddr"] == "127.0.0.1"
    assert found["general"]["webenabled"] == "no"
    assert {"VarSet", "Newexten", "RTCPSent"} <= set(found["general"]["disabledevents"].split(","))
    needed = {"Newchannel", "Newstate", "Hangup", "Rename", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave",
              "BlindTransfer", "AttendedTransfer", "Hold", "Unhold", "ContactStatus", "DeviceStateChange", "Registry",
              "FullyBooted", "Shutdown", "FailedACL", "InvalidPassword", "InvalidAccountID", "UserEvent"}  # fmt: skip
    assert not needed & set(found["general"]["disabledevents"].split(","))
    assert found["jackfield"]["secret"] == "ami-secret"
    assert not {"command", "user"} & set(found["jackfield"]["write"].split(","))
    assert len(max(text.splitlines(), key=len)) < 8000  # Asterisk cuts longer lines


def test_each_endpoint_tells_its_sound_once(options):
    files = render(SITE, options).files
    endpoints = [s for s in files["pjsip.conf"].split("\n[") if "type = endpoint" in s]
    assert endpoints and all(s.count("hangup_handler_push") == 1 for s in endpoints)
    told = [line for text in files.values() for line in text.splitlines() if "UserEvent(" in line]
    assert len(told) == 2 and all("UserEvent(JackfieldQuality," in line for line in told)


def test_no_module_runs_commands(options):
    text = render(SITE, options).files["modules.conf"]
    assert "autoload = no" in text
    for module in ("app_system", "func_shell", "app_externalivr", "res_clioriginate", "chan_iax2", "cdr_", "http"):
        assert module not in text


@pytest.mark.parametrize("value", ["a\nb", "a;b", "a\rb", "a\x00", "${SHELL(id)}", "$[1]", "a\u2028b", "\x7f", None])
def test_values_that_would_be_misread(value):
    with pytest.raises(UnsafeValue):
        safe(value)


def test_an_unsafe_value_never_reaches_a_file(options):
    """A model built without its checks stands for a kind whose author forgot them."""
    for title in ("a\nb", "x; y", "${SHELL(id)}", 'a" <1>'):
        phone = Extension.model_construct(
            name="201", title=title, secret="abcdefgh", codecs=["alaw"], language=None, ring_seconds=5
        )
        with pytest.raises(UnsafeValue):
            render(Site({"extension": [phone]}), options)


def test_a_misspelt_name_in_a_template_is_an_error(options, tmp_path):
    (tmp_path / "extensions.conf.j2").write_text("[a]\nexten => s,1,NoOp({{ settings.gaurd }})\n")
    with pytest.raises(UndefinedError):
        render(SITE, Options(options.paths, "x", settings=SETTINGS, templates=(tmp_path, TEMPLATES)))


# -- plugins' fragments ----------------------------------------------------------------------------------------------


def test_fragments_are_added_with_their_plugins_name(options):
    added = [
        ("acd", Fragment("queues.conf", "[sales]\nstrategy = ringall")),
        ("acd", Fragment("modules.conf", "app_queue.so")),
    ]
    rendered = render(SITE, options, added)
    assert rendered.left_out == []
    assert "; From plugin acd\n[sales]\nstrategy = ringall\n" in rendered.files["queues.conf"]
    assert "; From plugin acd\nload = app_queue.so\n" in rendered.files["modules.conf"]


@pytest.mark.parametrize(
    "fragment",
    [
        Fragment("extensions.conf", "[jf-trunk]\nexten => s,1,NoOp()"),
        Fragment("pjsip.conf", "[201]\ntype = endpoint"),
        Fragment("pjsip.conf", "[jf](+)\ntype = endpoint"),
        Fragment("extensions.conf", "[x]\nexten => s,1,NoOp("),
        Fragment("extensions.conf", "[x]\nexten => s,1,NoOp(a\x0bb)"),
        Fragment("manager.conf", "[evil]\nsecret = x"),
        Fragment("asterisk.conf", "[options]\nlive_dangerously = yes"),
        Fragment("../x.conf", "[a]\nb = c"),
        Fragment("queues.conf", "no section = 1"),
        Fragment("modules.conf", "app_system.so"),
        Fragment("modules.conf", "noload => res_pjsip.so"),
    ],
)
def test_a_bad_fragment_is_left_out_and_the_rest_applies(options, fragment):
    good = ("good", Fragment("queues.conf", "[sales]\nstrategy = ringall"))
    rendered = render(SITE, options, [("bad", fragment), good])
    assert len(rendered.left_out) == 1
    assert str(rendered.left_out[0]).startswith("bad: ")
    plain = render(SITE, options, [good]).files
    assert rendered.files == plain


def test_two_plugins_with_the_same_section(options):
    one = Fragment("queues.conf", "[sales]\nstrategy = ringall")
    rendered = render(SITE, options, [("a", one), ("b", one)])
    assert rendered.files["queues.conf"].count("[sales]") == 1
    assert list(map(str, rendered.left_out)) == [
        "b: its addition to queues.conf is left out: section [sales] is there already"
    ]


def test_a_module_that_is_not_installed(options, paths):
    paths.modules.mkdir()
    (paths.modules / "app_queue.so").touch()
    rendered = render(SITE, options, [("a", Fragment("modules.conf", "app_queue.so\napp_nothing.so\nres_pjsip.so"))])
    assert "load = app_queue.so" in rendered.files["modules.conf"]
    assert [a for a in rendered.left_out if "app_nothing.so is not installed" in a.why]
    assert rendered.files["modules.conf"].count("load = res_pjsip.so") == 1


def test_trunks_over_tls(options):
    trunks = [
        Trunk(name="safe", host="sip.example", transport="tls", media_encryption="required", codecs=["g722", "alaw"]),
        Trunk(name="loose", host="192.0.2.9", transport="tls", verify_server=False, media_encryption="optional"),
        Trunk(name="low", host="192.0.2.10", codecs=["g729", "ulaw"], qualify_seconds=0, trust_identity=True),
    ]
    text = render(Site({"general": [General(name="site")], "trunk": trunks}), options).files["pjsip.conf"]
    safe, loose, low = (section(text, t.name, type="endpoint") for t in trunks)
    assert (safe["transport"], loose["transport"]) == ("transport-tls", "transport-tls-unverified")
    assert section(text, "safe", type="aor")["contact"] == "sip:sip.example:5061\\;transport=tls"
    assert (safe["media_encryption"], safe["media_encryption_optimistic"]) == ("sdes", "no")
    assert loose["media_encryption_optimistic"] == "yes" and "media_encryption" not in low
    assert (safe["allow"], safe["outgoing_call_offer_pref"]) == ("g722,alaw", "local_merge")
    assert low["outgoing_call_offer_pref"] == "remote_merge"
    assert section(text, "low", type="aor")["qualify_frequency"] == "0"
    assert (safe["trust_id_inbound"], low["trust_id_inbound"], low["trust_id_outbound"]) == ("no", "yes", "yes")
    verified, unverified = section(text, "transport-tls"), section(text, "transport-tls-unverified")
    assert verified["method"] == unverified["method"] == "sslv23", "pjproject's own choice is TLS 1.0 alone"
    assert (verified["verify_server"], unverified["verify_server"]) == ("yes", "no")
    assert (verified["bind"], unverified["bind"]) == ("0.0.0.0:5061", "0.0.0.0:5062")
    assert verified["cert_file"] == str(options.paths.certificate)
    assert "transport-tls-unverified" not in render(SITE, options).files["pjsip.conf"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"media_encryption": "required"}, "set transport to tls"),
        ({"transport": "tcp", "media_encryption": "optional"}, "set transport to tls"),
        ({"codecs": ["g729"]}, "another codec"),
        ({"codecs": []}, "another codec"),
    ],
)
def test_trunks_that_cannot_work(fields, reason):
    with pytest.raises(ValueError, match=reason):
        Trunk(name="t", host="192.0.2.1", **fields)
