"""The daemon's eye on applies: one whose process was killed in the middle is brought to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from jackfield.config.apply import resume
from jackfield.config.asterisk_control import AmiControl
from jackfield.config.generations import Generations
from jackfield.config.lock import SiteBusy, site_lock
from jackfield.config.paths import Paths
from jackfield.errors import JackfieldError

log = structlog.get_logger(__name__)
AMI_USER = "jackfield"


class Manager(Protocol):
    """Where Asterisk's manager is."""

    @property
    def host(self) -> str:
        """Address."""

    @property
    def port(self) -> int:
        """TCP port."""


class ApplyKeeper:
    """Looks for an apply that was begun and has no process any more."""

    def __init__(self, base: Path, ami: Manager, secret: str, reload_site: Callable[[], object]) -> None:
        self._paths = Paths(base)
        self._generations = Generations(self._paths)
        self._ami, self._secret, self._reload_site = ami, secret, reload_site
        self._busy = threading.Lock()

    def look(self) -> None:
        """Quick: the work, if there is any, is done on a thread of its own."""
        if self._generations.begun() is not None and self._busy.acquire(blocking=False):
            threading.Thread(target=self._finish, name="apply-keeper", daemon=True).start()

    def _finish(self) -> None:
        try:
            with site_lock(self._paths.lock, "jackfieldd", "recovery"):
                done = resume(self._generations, self._connect, self._reload_site)
                if done:
                    log.warning("apply.resumed", what=done)
        except SiteBusy:
            pass  # its process lives
        except (JackfieldError, OSError) as error:
            log.error("apply.not_resumed", error=str(error))
        finally:
            self._busy.release()

    def _connect(self) -> AmiControl:
        return AmiControl.connect(self._ami.host, self._ami.port, AMI_USER, self._secret)
