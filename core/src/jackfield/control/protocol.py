"""Requests and answers of the control socket: one JSON object a line.

    {"v": 1, "id": 7, "method": "calls", "params": {}}
    {"v": "1.0", "id": 7, "result": […]}        or  {"v": "1.0", "id": 7, "error": "a sentence", "code": "denied"}

`v` is the protocol: a client may leave it out; another major number than ours is refused. `id` comes back as it was.
`by` is the person for whom a program asks (as the web interface does for those who are logged in there); it goes into
the audit log and the history, and counts only if the program's own role is administrator. `language` is that of the
texts in the answer (en or zh; another means English).

Within a major version answers only gain fields, methods only gain parameters that may be left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from jackfield.errors import JackfieldError, SiteError
from jackfield.i18n import LANGUAGES

MAJOR, MINOR = 1, 0
VERSION = f"{MAJOR}.{MINOR}"
SHAPE = 'not a request; write {"method": "status", "params": {}} on one line'
MAX_ID, MAX_NAME = 200, 64


class Code(StrEnum):
    """Why there is no result, for programs."""

    BAD_REQUEST = "bad-request"
    VERSION = "version"
    UNKNOWN = "unknown-method"
    DENIED = "denied"
    BAD_PARAMS = "bad-params"
    REFUSED = "refused"
    BUSY = "busy"
    FAILED = "failed"


class Refusal(JackfieldError):
    """A request that is answered with an error."""

    def __init__(self, code: Code, text: str, identity: Any = None) -> None:
        super().__init__(text)
        self.code, self.identity = code, identity


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was understood."""

    method: str
    params: dict[str, Any]
    id: Any = None
    by: str = ""
    language: str = "en"


def parse(line: bytes) -> Request:
    """Read a line.

    Raises:
        Refusal: it is no request, or of another protocol.
    """
    try:
        asked = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Refusal(Code.BAD_REQUEST, SHAPE) from None
    if not isinstance(asked, dict):
        raise Refusal(Code.BAD_REQUEST, SHAPE)
    identity = asked.get("id")
    if not (identity is None or (isinstance(identity, str | int) and len(str(identity)) <= MAX_ID)):
        raise Refusal(Code.BAD_REQUEST, f"id must be a number or a text of at most {MAX_ID} characters")
    if "v" in asked and str(asked["v"]).partition(".")[0] != str(MAJOR):
        said = str(asked["v"])[:20]
        raise Refusal(Code.VERSION, f"this jackfieldd speaks protocol {VERSION}, not {said}", identity)
    method, params = asked.get("method"), asked.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise Refusal(Code.BAD_REQUEST, SHAPE, identity)
    by = asked.get("by", "")
    if not isinstance(by, str) or len(by) > MAX_NAME or not by.isprintable():
        raise Refusal(Code.BAD_REQUEST, f"by must be a name of at most {MAX_NAME} characters", identity)
    language = asked.get("language", "en")
    return Request(method, params, identity, by, language if language in LANGUAGES else "en")


class Raw(bytes):
    """A result that is JSON text already."""


def result(request: Request, value: Any) -> bytes:
    """The answer that holds a result."""
    if isinstance(value, Raw):
        return json.dumps(_head(request.id))[:-1].encode() + b', "result": ' + value + b"}\n"
    return line({**_head(request.id), "result": value})


def error(refusal: Exception, code: Code, identity: Any = None) -> bytes:
    """The answer that says why there is none."""
    more = {"problems": refusal.problems} if isinstance(refusal, SiteError) else {}
    text = _sentence(refusal) if isinstance(refusal, ValidationError) else str(refusal)
    return line({**_head(identity), "error": text, "code": str(code), **more})


def line(value: dict[str, Any]) -> bytes:
    """A JSON object on one line."""
    return json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace") + b"\n"


def _head(identity: Any) -> dict[str, Any]:
    return {"v": VERSION} if identity is None else {"v": VERSION, "id": identity}


def _sentence(wrong: ValidationError) -> str:
    found = wrong.errors(include_url=False, include_context=False, include_input=False)[:10]
    return "; ".join(f"{'.'.join(map(str, each['loc']))[:80]}: {each['msg']}" for each in found)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
