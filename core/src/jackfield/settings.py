"""Settings of the box: a TOML file plus environment, validated; an error names the key.

`JACKFIELD_AGI__PORT=4574` overrides `port` in `[agi]`. The site (trunks, queues …) is not here: see `config/`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from jackfield.errors import SettingsError

DEFAULT_FILE = Path("/etc/jackfield/jackfield.toml")
PREFIX = "JACKFIELD_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgiSettings(_Section):
    """`[agi]`: where Asterisk reaches the daemon."""

    host: str = Field("127.0.0.1", description="Address of the FastAGI server")
    port: int = Field(4573, ge=1, le=65535, description="Port of the FastAGI server")
    max_calls: int = Field(600, ge=1, le=20000, description="Calls at once; further ones are refused with 503")
    stall_seconds: float = Field(20.0, ge=1, description="A handler that says nothing for so long loses its call")
    guard_seconds: int = Field(8, ge=2, le=60, description="Asterisk's wait for the daemon before it helps itself")
    rescue_seconds: int = Field(
        20, ge=3, le=300, description="Music for a call whose daemon is gone, before the plain dialplan"
    )


class AmiSettings(_Section):
    """`[ami]`: where the daemon reaches Asterisk. The secret is generated and not kept here."""

    host: str = Field("127.0.0.1", description="Address of Asterisk's manager")
    port: int = Field(5038, ge=1, le=65535, description="Port of Asterisk's manager")


class OverloadSettings(_Section):
    """`[overload]`: beyond these, new calls are refused; emergency calls pass."""

    max_calls: int = Field(0, ge=0, le=20000, description="Calls at once; 0: as many as [agi] max_calls")
    calls_per_second: float = Field(100.0, gt=0, le=10000, description="New calls a second")
    burst: int = Field(200, ge=1, le=10000, description="New calls at once")
    cpu_percent: float = Field(95.0, ge=0, le=100, description="CPU of the machine, and")
    late_ms: float = Field(250.0, ge=0, le=10000, description="lateness of the daemon, that make it too busy")
    busy_seconds: int = Field(5, ge=1, le=600, description="after so many seconds of both")
    retry_after: bool = Field(True, description="Carriers are told to stay away (Retry-After) while it lasts")


class PathSettings(_Section):
    """`[paths]`: folders."""

    state: Path = Field(Path("/var/lib/jackfield"), description="Database, generations, sounds, recordings")
    run: Path = Field(Path("/run/jackfield"), description="Sockets")
    spool: Path = Field(Path("/var/spool/jackfield"), description="Recordings being written")


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;:\\\"]{1,64}@[A-Za-z0-9.-]{1,255}", value):
        raise ValueError("not an e-mail address; write name@example.org")
    return value


def _web_address(value: str) -> str:
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[!-~]*)?", value):
        raise ValueError("not a web address; write https://host/path")
    return value


MailAddress = Annotated[str, AfterValidator(_mail_address)]


class MailSettings(_Section):
    """`[alarms.mail]`: alarms by e-mail."""

    to: list[MailAddress] = Field(default_factory=list, description="Who is told; nobody when empty")
    escalate_to: list[MailAddress] = Field(default_factory=list, description="Who is told too when nobody acknowledged")
    sender: MailAddress = Field("jackfield@localhost", description="Address of the sender")
    host: str = Field("127.0.0.1", description="Mail server")
    port: int = Field(25, ge=1, le=65535, description="Its port; 587 with starttls, 465 with tls")
    security: Literal["none", "starttls", "tls"] = Field(
        "none", description="Encryption; with one the certificate is checked, and nothing is sent without"
    )
    user: str = Field("", description="Log-in; none when empty")
    password: str = Field("", description="Password", repr=False)
    ca_file: str = Field("", description="Certificates to trust instead of the system's")

    @model_validator(mode="after")
    def _no_open_password(self) -> MailSettings:
        if self.user and self.security == "none":
            raise ValueError('a password needs encryption: set security = "starttls" or "tls"')
        return self


class WebhookSettings(_Section):
    """`[alarms.webhook]`: alarms by HTTP POST, as JSON."""

    url: Annotated[str, AfterValidator(_web_address)] = Field("", description="Where to; nowhere when empty")
    secret: str = Field("", description="Key of the header Jackfield-Signature: HMAC-SHA256 of TIME.BODY", repr=False)
    ca_file: str = Field("", description="Certificates to trust instead of the system's")


class AlarmSettings(_Section):
    """`[alarms]`: what is told, and when."""

    least: Literal["notice", "warning", "critical"] = Field("warning", description="Only these and worse are told")
    group_seconds: float = Field(
        10.0, ge=0.05, le=600, description="News gather for so long into one message; critical ones for 2 s"
    )
    repeat_seconds: float = Field(
        300.0, ge=0, description="An alarm that comes back within so many seconds is not told again"
    )
    escalate_seconds: float = Field(
        900.0, ge=1, description="An alarm that nobody acknowledged escalates after so many seconds"
    )
    flap_seconds: float = Field(
        600.0, ge=1, description="An alarm that comes and goes is cleared when it kept still for so many seconds"
    )
    keep_days: int = Field(365, ge=1, le=36500, description="The history of alarms is kept for so many days")
    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()


class ControlSettings(_Section):
    """`[control]`: who may use the control socket. `name` is a Unix user, `@name` a group; root may do everything."""

    admins: list[str] = Field(default_factory=list, description="May do everything")
    operators: list[str] = Field(
        default_factory=list, description="May see calls and records, acknowledge alarms, steer agents and queues"
    )
    viewers: list[str] = Field(default_factory=list, description="May see the state, without data of callers")


class IsolationSettings(_Section):
    """`[isolation]`: what plugins may do wrong before they are shut off."""

    faults: int = Field(5, ge=1, le=1000, description="A plugin with so many faults within five minutes is shut off")
    hook_seconds: float = Field(
        5.0, gt=0, le=60, description="A plugin's hook may hold a call up for so long; more is a fault"
    )
    migration_seconds: float = Field(
        300.0, ge=1, le=86400, description="A plugin's migration that takes longer is stopped, and the plugin left out"
    )


class BackupSettings(_Section):
    """`[backup]`: back-ups of the whole box; those of the database before migrations are `backups`."""

    daily: bool = Field(True, description="One is made each day")
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(
        "03:20", description="When, by the site's clock"
    )
    keep: int = Field(7, ge=1, le=1000, description="Daily ones that are kept")
    recordings: bool = Field(False, description="With the recordings; they may be large")


class Settings(_Section):
    """All settings."""

    database: str = Field("sqlite:////var/lib/jackfield/jackfield.db", description="SQLAlchemy URL")
    backups: int = Field(
        5, ge=1, le=1000, description="Back-ups of the database, made before migrations, that are kept"
    )
    redis: str = Field("redis://127.0.0.1:6379/0", description="Redis for background jobs")
    workers: int = Field(1, ge=1, le=64, description="Worker processes")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    agi: AgiSettings = AgiSettings()
    ami: AmiSettings = AmiSettings()
    overload: OverloadSettings = OverloadSettings()
    paths: PathSettings = PathSettings()
    alarms: AlarmSettings = AlarmSettings()
    control: ControlSettings = ControlSettings()
    isolation: IsolationSettings = IsolationSettings()
    backup: BackupSettings = BackupSettings()
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict, description="[plugins.NAME]: a plugin's own")
    disabled: list[str] = Field(default_factory=list, description="Plugins that are installed but not wanted")


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        path: the file; by default `$JACKFIELD_SETTINGS` or /etc/jackfield/jackfield.toml, which may be missing.
        environment: by default the process's.

    Raises:
        SettingsError: names the file, the key and the reason.
    """
    env = dict(os.environ if environment is None else environment)
    chosen = path or Path(env.pop("JACKFIELD_SETTINGS", str(DEFAULT_FILE)))
    raw: dict[str, Any] = {}
    try:
        raw = tomllib.loads(chosen.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is not None:
            raise SettingsError(f"{chosen} does not exist") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{chosen} cannot be read: {error}") from error
    for name, value in env.items():
        keys = name.removeprefix(PREFIX).lower().split("__")
        # Tools of ours have variables of that name too (JACKFIELD_CACHE); a section says that a setting is meant.
        if name.startswith(PREFIX) and (len(keys) > 1 or keys[0] in Settings.model_fields):
            _override(raw, keys, value)
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(f"{chosen}: " + "; ".join(found)) from error


def _override(raw: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = raw.setdefault(key, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{PREFIX}{'__'.join(keys).upper()}: {key} is not a section")
        raw = inner
    raw[keys[-1]] = value
