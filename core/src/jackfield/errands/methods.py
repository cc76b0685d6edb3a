"""Control methods: listen to a prompt or record one at a phone, and place a test call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jackfield.calls.party import clean_number
from jackfield.config.kinds import Language
from jackfield.config.objects.trunk import Trunk
from jackfield.control.method import Caller, Method, Role
from jackfield.errands.errand import Errand, Kind
from jackfield.errors import UnsafeValue
from jackfield.i18n import sentences
from jackfield.privacy.mask import mask_record
from jackfield.records.queries import find_call
from jackfield.routing.destinations import DESTINATION_PATTERN, NAME_PATTERN

if TYPE_CHECKING:
    from jackfield.calls.service import CallService
    from jackfield.errands.service import Errands
    from jackfield.storage.engine import Database

S_ = sentences("jackfield")
Phone = Annotated[str, Field(pattern=r"^[0-9]{1,20}$", description="The extension whose phone rings, as in 201")]
Prompt = Annotated[str, Field(pattern=rf"^({NAME_PATTERN})?$", description="Name of the prompt")]
Spoken = Annotated[Language | None, Field(description="Language; the site's when left out")]
Number = Annotated[
    str,
    Field(
        pattern=rf"^(\+?[0-9*#]{{1,40}}|{DESTINATION_PATTERN})$", description="A number, or a destination as queue:x"
    ),
]


def methods(errands: Errands, calls: CallService, database: Database) -> list[Method]:
    """Control methods."""

    def listen(
        caller: Caller,
        phone: Phone,
        prompt: Prompt = "",
        language: Spoken = None,
        text: Annotated[str, Field(max_length=4000, description="Instead of a prompt: a text to be spoken")] = "",
        sound: Annotated[
            str,
            Field(pattern=r"^([0-9a-f]{32}\.(wav|flac))?$", description="Instead of a prompt: a file of site.sound"),
        ] = "",
    ) -> dict[str, Any]:
        """Ring a phone; who answers hears a prompt as it is in the draft. Answers at once: see `errands.show`."""
        if sum(bool(each) for each in (prompt, text, sound)) != 1:
            raise UnsafeValue(S_("say what is to be heard: a prompt, or a text, or a sound"))
        spoken = language or calls.site.general.language
        files = errands.sounds(caller.name, prompt, spoken, text, sound)
        errand = errands.new(Kind.LISTEN, phone, caller.name, prompt=prompt, language=spoken, files=files)
        return errands.start(errand, title=prompt or "prompt", number=phone).describe()

    def record(caller: Caller, phone: Phone, prompt: Prompt, language: Spoken = None) -> dict[str, Any]:
        """Ring a phone; who answers records a prompt, hears it and keeps it: it is in the draft then."""
        if not prompt:
            raise UnsafeValue(S_("say which prompt is to be recorded"))
        spoken = language or calls.site.general.language
        errand = errands.new(Kind.RECORD, phone, caller.name, prompt=prompt, language=spoken)
        return errands.start(errand, title=f"record {prompt}", number=phone).describe()

    def test_call(
        who: Caller,
        number: Number,
        phone: Phone,
        caller: Annotated[str, Field(max_length=40, description="Who seems to call; the phone when left out")] = "",
        trunk: Annotated[str | None, Field(max_length=64, description="The trunk it seems to come over")] = None,
    ) -> dict[str, Any]:
        """Ring a phone; who answers has called a number of the site in force, by its inbound route."""
        if caller and not clean_number(caller):
            raise UnsafeValue(S_("{text} is not a number", text=repr(caller[:40])))
        trunks = calls.site.names("trunk")
        if trunk is not None and calls.site.get("trunk", trunk, Trunk) is None:
            raise UnsafeValue(S_("there is no trunk {name}; there are {known}", name=trunk, known=", ".join(trunks)))
        over = trunk or (trunks[0] if len(trunks) == 1 else "")
        errand = errands.new(
            Kind.TEST_CALL, phone, who.name, number=number, caller=clean_number(caller), trunk=over
        )  # fmt: skip
        return errands.start(errand, title="test call", number=number if ":" not in number else phone).describe()

    def list_() -> list[dict[str, Any]]:
        """Errands that are under way, and the last ones that are over; newest first."""
        return [errand.describe() for errand in errands.known()]

    def show(errand: Annotated[str, Field(max_length=64, description="Its id")]) -> dict[str, Any]:
        """How far an errand is; of a test call, where it has come to and who has answered."""
        found = errands.find(errand)
        if found is None:
            raise UnsafeValue(S_("there is no errand {name}; errands are forgotten after a while", name=errand[:64]))
        return found.describe() | _path(found)

    def _path(errand: Errand) -> dict[str, Any]:
        live = calls.board.find(errand.id)
        record = live.record(None, ()) if live is not None else find_call(database, errand.id)
        if record is None:
            return {"steps": [], "legs": [], "result": None}
        told = mask_record(record.as_json())
        return {"steps": told["steps"], "legs": told["legs"], "result": None if live is not None else told["result"]}

    return [
        Method("prompts.listen", listen, Role.OPERATOR, change=True, object="{prompt} at {phone}"),
        Method("prompts.record", record, change=True, object="{prompt} at {phone}"),
        Method("calls.test", test_call, Role.OPERATOR, change=True, object="{number} from {phone}"),
        Method("errands", list_, Role.OPERATOR, personal=True),
        Method("errands.show", show, Role.OPERATOR, personal=True, object="{errand}"),
    ]
