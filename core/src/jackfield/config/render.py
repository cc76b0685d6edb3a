"""Renders a site into Asterisk's configuration files."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jackfield.config import ami_events
from jackfield.config.check import trunk_matches
from jackfield.config.conf_syntax import modules, parse
from jackfield.config.fragments import Fragment
from jackfield.config.leftout import LeftOut
from jackfield.config.objects.extension import TRANSFER_KEYS, Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.internal_number import InternalNumber
from jackfield.config.objects.parking import Parking
from jackfield.config.objects.trunk import Trunk
from jackfield.config.paths import Paths
from jackfield.config.phones import accounts, endpoints
from jackfield.config.site import Site
from jackfield.errors import UnsafeValue
from jackfield.i18n import gettext_for
from jackfield.routing.decision import EMERGENCY_RING_SECONDS, EMERGENCY_TRY_SECONDS
from jackfield.routing.outbound import emergency_trunks_for

_ = gettext_for("jackfield")
TEMPLATES = Path(__file__).with_name("templates")
AMI_USER = "jackfield"
_FILE = re.compile(r"[a-z0-9_]+\.conf")
_OURS = frozenset({"asterisk.conf", "logger.conf", "manager.conf", "stasis.conf"})
"""Files that no plugin adds to."""
_REFUSED_MODULES = frozenset({"app_system.so", "func_shell.so", "app_externalivr.so", "res_clioriginate.so"})
"""Modules that run commands of the machine."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Options:
    """What the files need beside the site.

    `settings` is handed to the templates as it is; extensions.conf wants `agi_token`, `guard_seconds`,
    `rescue_seconds`, `up_file`, `sorry_file`, `busy_file` and `said`; features.conf `transfer_file` and
    `no_transfer_file`; confbridge.conf `joined_file` and `left_file`.
    """

    paths: Paths
    ami_secret: str
    ami_port: int = 5038
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    settings: Mapping[str, Any] = field(default_factory=dict)
    music: tuple[str, ...] = ()
    """Names of the pieces that waiting callers hear."""
    templates: tuple[Path, ...] = (TEMPLATES,)
    """Folders of templates; the first that has a file wins."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Files by name, and what of the plugins' additions is not in them."""

    files: dict[str, str]
    left_out: list[LeftOut]


class _Raw(str):
    """Text that a template writes as it is."""


def render(site: Site, options: Options, fragments: Iterable[tuple[str, Fragment]] = ()) -> Rendered:
    """Render the whole configuration.

    Args:
        site: the site; it has passed `check_site`.
        options: what the files need beside it.
        fragments: (plugin, fragment), in the plugins' order.

    Raises:
        UnsafeValue: a value would end its line or begin a comment or an expression.
    """
    environment = _environment(site, options)
    context = _context(site, options)
    files = {
        name.removesuffix(".j2"): environment.get_template(name).render(context)
        for name in sorted(environment.list_templates(extensions=["j2"]))
    }
    left_out: list[LeftOut] = []
    cores: dict[str, set[str]] = {}
    for plugin, fragment in fragments:
        left_out += _add(files, cores, plugin, fragment, options.paths.modules)
    for name in files:
        if name != "asterisk.conf":
            files[name] += f'\n; Hand-written additions\n#tryinclude "{safe(options.paths.custom)}/{name}"\n'
    return Rendered(files, left_out)


def _environment(site: Site, options: Options) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([str(folder) for folder in options.templates]),
        undefined=StrictUndefined,
        finalize=safe,
        autoescape=False,  # noqa: S701  (not HTML; `safe` refuses what Asterisk would misread)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        emergency_trunks=emergency_trunks_for,
        raw=_Raw,
        matches=trunk_matches,
        sip_uri=_sip_uri,
        credentials=lambda trunk: _credentials(trunk, options.ami_secret),
        caller_id=_caller_id,
        bind=_bind,
        transport=_transport,
    )
    environment.filters.update(
        targets=lambda extension: "&".join(f"PJSIP/{e}" for e in endpoints(site, extension.name))
    )
    return environment


def _context(site: Site, options: Options) -> dict[str, Any]:
    return {
        "site": site,
        "trunks": site.all("trunk", Trunk),
        "transfer_keys": TRANSFER_KEYS,
        "extensions": site.all("extension", Extension),
        "numbers": site.all("internal-number", InternalNumber),
        "unverified": any(t.transport == "tls" and not t.verify_server for t in site.all("trunk", Trunk)),
        "accounts": accounts(site),
        "browsers": any(account.webrtc for _, account in accounts(site)),
        "parkings": site.all("parking", Parking),
        "paths": options.paths,
        "ami_user": AMI_USER,
        "ami_secret": options.ami_secret,
        "ami_port": options.ami_port,
        "agi_host": options.agi_host,
        "agi_port": options.agi_port,
        "music": options.music,
        "settings": options.settings,
        "disabled_events": ami_events.DISABLED,
        "emergency_ring": EMERGENCY_RING_SECONDS,
        "emergency_try": EMERGENCY_TRY_SECONDS,
    }


def safe(value: object) -> str:
    """A value as Asterisk's files may hold it; every `{{ … }}` goes through here.

    Raises:
        UnsafeValue: it holds a line break, another control character, `;`, or `${` or `$[`, or it is None.
    """
    if isinstance(value, _Raw):
        return value
    if value is None:
        raise UnsafeValue("a template wants a value that is not set")
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if _CONTROL.search(text) or ";" in text or "${" in text or "$[" in text:
        raise UnsafeValue(f"{text[:60]!r} must not enter Asterisk's configuration; change it in the site")
    return text


def _sip_uri(trunk: Trunk, user: str = "") -> _Raw:
    return _Raw(r"\;".join(safe(part) for part in trunk.uri(user).split(";")))


def _credentials(trunk: Trunk, key: str) -> str:
    """Name of the trunk's auth section: another one with each user name and password.

    It is seen in differences, so nobody may try passwords on it: `key` is a secret of this machine.
    """
    mark = hmac.new(key.encode(), f"{trunk.username}\0{trunk.secret}".encode(), "sha256")
    return f"{trunk.name}-{mark.hexdigest()[:8]}"


def _bind(general: General, port: int | None = None) -> str:
    address = general.address or "0.0.0.0"  # noqa: S104  (phones and carriers come from outside)
    return f"[{address}]:{port or general.sip_port}" if ":" in address else f"{address}:{port or general.sip_port}"


def _transport(trunk: Trunk) -> str:
    return f"transport-{trunk.transport}" + ("" if trunk.transport != "tls" or trunk.verify_server else "-unverified")


def _caller_id(phone: Extension) -> str:
    title = safe(phone.title or phone.name)
    if re.search(r'["<>\\]', title):
        raise UnsafeValue(f"the title {title!r} of extension {phone.name} cannot be shown at phones; change it")
    return f'"{title}" <{phone.name}>'


def _add(
    files: dict[str, str], cores: dict[str, set[str]], plugin: str, fragment: Fragment, folder: Path
) -> list[LeftOut]:
    """Add a fragment to its file; what of it is left out."""
    name = fragment.file
    if not _FILE.fullmatch(name) or name in _OURS:
        return [LeftOut(plugin, re.sub(r"[^\w./-]", "?", name)[:60], _("not a file that plugins may add to"))]
    if name == "modules.conf":
        return _add_modules(files, plugin, fragment.text, folder)
    parsed = parse(fragment.text, name)
    if name not in cores:
        cores[name] = parse(files.get(name, ""), name).names()
    taken = cores[name]
    errors = parsed.errors + [_("section [{name}] is there already").format(name=s) for s in parsed.names() & taken]
    if errors:
        return [LeftOut(plugin, name, "; ".join(sorted(errors)[:5]))]
    taken |= parsed.names()
    files[name] = files.get(name, "") + f"\n; From plugin {safe(plugin)}\n{fragment.text.strip()}\n"
    return []


def _add_modules(files: dict[str, str], plugin: str, text: str, folder: Path) -> list[LeftOut]:
    named, errors = modules(text)
    wrong = list(errors)
    lines = []
    for module in dict.fromkeys(named):
        if module in _REFUSED_MODULES:
            wrong.append(_("module {module} is not loaded: it runs commands of the machine").format(module=module))
        elif folder.is_dir() and not (folder / module).exists():
            wrong.append(
                _("module {module} is not installed; install the Asterisk package that brings it").format(module=module)
            )
        elif f"load = {module}\n" not in files["modules.conf"]:
            lines.append(f"load = {module}\n")
    if lines:
        files["modules.conf"] += f"; From plugin {safe(plugin)}\n{''.join(lines)}"
    return [LeftOut(plugin, "modules.conf", "; ".join(wrong))] if wrong else []
