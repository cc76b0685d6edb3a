"""What a change of the site means, for whom, in sentences: core's kinds, and any other field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from jackfield.config.kinds import Effect, Kind, SiteObject
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import CallerList, Did
from jackfield.config.objects.prompt import Prompt
from jackfield.config.objects.trunk import Trunk
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
M = TypeVar("M", bound=SiteObject)
MAX_SENTENCES = 40
"""Sentences told of one object."""


def sentences(
    kind: Kind | None,
    name: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    fields: Mapping[str, str],
    used_by: Iterable[str],
) -> list[str]:
    """What a change of one object means.

    Args:
        kind: its kind; None: no installed plugin knows it.
        name: its name.
        old: the object before, as plain JSON; None: it is new.
        new: the object after; None: it is gone.
        fields: what differs: field → change in words, secrets masked.
        used_by: objects that name it, as in `did main`.
    """
    effects = _effects(kind, old, new)
    told = {field for effect in effects for field in effect.fields}
    out = [effect.text for effect in effects]
    if old is not None and new is not None:
        out += [words for field, words in fields.items() if field not in told]
    elif not out:
        what = f"{kind.kind if kind else ''} {name}".strip()
        out = [(_("{object} is new") if old is None else _("{object} is gone")).format(object=what)]
    if users := list(used_by):
        shown = ", ".join(users[:8]) + (" …" if len(users) > 8 else "")
        out.append(_("this concerns {objects}").format(objects=shown))
    return out[:MAX_SENTENCES] + ([f"… ({len(out) - MAX_SENTENCES})"] if len(out) > MAX_SENTENCES else [])


def _effects(kind: Kind | None, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Effect]:
    if kind is None or kind.effects is None:
        return []
    try:
        before = kind.model.model_validate(old) if old is not None else None
        after = kind.model.model_validate(new) if new is not None else None
        return list(kind.effects(before, after))
    except ValidationError:  # an older version wrote it
        return []


def typed(
    model: type[M], describe: Callable[[M | None, M | None], list[Effect]]
) -> Callable[[SiteObject | None, SiteObject | None], list[Effect]]:
    """A describer of one kind's changes as `Kind.effects` wants it."""

    def effects(old: SiteObject | None, new: SiteObject | None) -> list[Effect]:
        return describe(old if isinstance(old, model) else None, new if isinstance(new, model) else None)

    return effects


def changed(old: M | None, new: M | None, field: str) -> bool:
    """Whether a field of an object that stays is another one."""
    return old is not None and new is not None and getattr(old, field) != getattr(new, field)


# -- core's kinds ------------------------------------------------------------------------------------------------------


def did(old: Did | None, new: Did | None) -> list[Effect]:
    """Inbound routes: where calls go."""
    if new is None:
        assert old is not None
        return [Effect(_("calls to {number} no longer go to {to}").format(number=old.number, to=old.destination))]
    if old is None or old.number != new.number:
        out = [Effect(_("calls to {number} go to {to}").format(number=new.number, to=new.destination), ("number",))]
        if old is not None:
            gone = _("calls to {number} no longer go to {to}").format(number=old.number, to=old.destination)
            out.append(Effect(gone, ("number", "destination")))
        return out
    out = []
    if changed(old, new, "destination"):
        text = _("calls to {number} go to {to} instead of {before}")
        out.append(Effect(text.format(number=new.number, to=new.destination, before=old.destination), ("destination",)))
    if changed(old, new, "hours") or changed(old, new, "closed"):
        text = (
            _("calls to {number} go to {to} outside the hours {hours}").format(
                number=new.number, to=new.closed or "prompt:closed", hours=new.hours
            )
            if new.hours
            else _("calls to {number} no longer depend on business hours").format(number=new.number)
        )
        out.append(Effect(text, ("hours", "closed")))
    if changed(old, new, "fallback"):
        text = _("calls to {number} go to {to} when their destination fails")
        to = new.fallback or _("the site's fallback")
        out.append(Effect(text.format(number=new.number, to=to), ("fallback",)))
    if changed(old, new, "trunk"):
        text = (
            _("only calls from trunk {trunk} to {number} take this route")
            if new.trunk
            else _("calls to {number} take this route from any trunk")
        )
        out.append(Effect(text.format(trunk=new.trunk, number=new.number), ("trunk",)))
    return out


def extension(old: Extension | None, new: Extension | None) -> list[Effect]:
    """Phones."""
    if new is None:
        assert old is not None
        return [Effect(_("phone {name} is gone: it cannot register, and calls to it fail").format(name=old.name))]
    if old is None:
        title = f" ({new.title})" if new.title else ""
        return [Effect(_("phone {name} is new").format(name=f"{new.name}{title}"))]
    out = []
    if changed(old, new, "ring_seconds"):
        text = _("phone {name} rings for {seconds} s instead of {before} s")
        out.append(
            Effect(text.format(name=new.name, seconds=new.ring_seconds, before=old.ring_seconds), ("ring_seconds",))
        )
    if changed(old, new, "title"):
        text = _("calls from {name} show {title} instead of {before}")
        out.append(Effect(text.format(name=new.name, title=repr(new.title), before=repr(old.title)), ("title",)))
    if changed(old, new, "secret"):
        out.append(Effect(_("phone {name} registers with another password").format(name=new.name), ("secret",)))
    return out


def trunk(old: Trunk | None, new: Trunk | None) -> list[Effect]:
    """Trunks."""
    if new is None:
        assert old is not None
        return [Effect(_("trunk {name} is gone: its calls are refused").format(name=old.name))]
    if old is None:
        return [Effect(_("trunk {name} to {host} is new").format(name=new.name, host=new.host))]
    out = []
    if changed(old, new, "host"):
        text = _("calls over {name} go to {host} instead of {before}")
        out.append(Effect(text.format(name=new.name, host=new.host, before=old.host), ("host",)))
    if changed(old, new, "max_calls"):
        text = _("at most {count} calls at a time over {name}") if new.max_calls else _("no limit of calls over {name}")
        out.append(Effect(text.format(count=new.max_calls, name=new.name), ("max_calls",)))
    if changed(old, new, "secret"):
        out.append(Effect(_("trunk {name} uses another password").format(name=new.name), ("secret",)))
    return out


def caller_list(old: CallerList | None, new: CallerList | None) -> list[Effect]:
    """Lists of callers: what becomes of whom."""
    before, after = _traits(old), _traits(new)
    numbers = [*(old.numbers if old else []), *(new.numbers if new else [])]
    fields = ("numbers", "block", "priority", "language")
    out = []
    for number in dict.fromkeys(numbers):
        had = before if old and number in old.numbers else {}
        has = after if new and number in new.numbers else {}
        for trait in [*has, *(t for t in had if t not in has)]:
            yes, no = has.get(trait) or had[trait]
            if trait not in had:
                out.append(Effect(yes.format(number=number), fields))
            elif trait not in has:
                out.append(Effect(no.format(number=number), fields))
    return out


def _traits(one: CallerList | None) -> dict[str, tuple[str, str]]:
    """What a list does to its callers: trait → (sentence when they gain it, when they lose it)."""
    if one is None:
        return {}
    found = {}
    if one.block:
        found["block"] = (_("callers from {number} are refused"), _("callers from {number} are no longer refused"))
    if one.priority:
        found[f"priority {one.priority}"] = (
            _("callers from {{number}} are preferred ({priority})").format(priority=one.priority),
            _("callers from {number} are no longer preferred"),
        )
    if one.language:
        found[f"language {one.language}"] = (
            _("callers from {{number}} are spoken to in {language}").format(language=one.language),
            _("callers from {number} are no longer spoken to in a language of their own"),
        )
    return found


def prompt(old: Prompt | None, new: Prompt | None) -> list[Effect]:
    """Prompts: what callers hear."""
    if old is None or new is None:
        return []
    out = []
    for language in sorted({*old.text, *new.text}):
        if old.text.get(language) != new.text.get(language) and language in new.text:
            text = _("callers hear ({language}): {text}").format(language=language, text=repr(new.text[language][:80]))
            out.append(Effect(text, ("text",)))
    return out


def general(old: General | None, new: General | None) -> list[Effect]:
    """The site as a whole."""
    out = []
    if old is not None and new is not None:
        if changed(old, new, "fallback"):
            text = _("calls that nothing else takes go to {to} instead of {before}")
            out.append(Effect(text.format(to=new.fallback, before=old.fallback), ("fallback",)))
        if changed(old, new, "sip_port"):
            text = _("phones and carriers reach us at port {port} instead of {before}")
            out.append(Effect(text.format(port=new.sip_port, before=old.sip_port), ("sip_port",)))
        if changed(old, new, "zone"):
            text = _("business hours are those of {zone} instead of {before}")
            out.append(Effect(text.format(zone=new.zone, before=old.zone), ("zone",)))
    return out
