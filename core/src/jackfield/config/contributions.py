"""What plugins add to a site's configuration, collected so that one bad plugin cannot keep the rest from applying."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from jackfield.config.apply import NotTaken
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.leftout import Contribution
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.plugins import PluginHost

_ = gettext_for("jackfield")
T = TypeVar("T", Fragment, SoundRequest)


def collect(host: PluginHost, hook: str, wanted: type[T], site: Site, warnings: list[str]) -> list[tuple[str, T]]:
    """What plugins add to a site; what one gets wrong is left out, with a warning."""
    before = {name: len(status.faults) for name, status in host.statuses.items()}
    found: list[tuple[str, T]] = []
    for plugin, answer in host.call(hook, site=site):
        try:
            items = list(answer)
        except Exception as error:
            host.fault(plugin, f"{hook}: {type(error).__name__}: {error}")
            continue
        found += [(plugin, item) for item in items if isinstance(item, wanted) and _texts(item)]
        if strange := [item for item in items if not isinstance(item, wanted) or not _texts(item)]:
            host.fault(plugin, f"{hook} gave {strange[0]!r:.80}, not {wanted.__name__} of texts")
    warnings += [
        _("plugin {name} failed in {hook}, so what it adds is left out; report this to its maker").format(
            name=name, hook=hook
        )
        for name, status in host.statuses.items()
        if len(status.faults) > before[name]
    ]
    return found


def _texts(item: Any) -> bool:
    """Whether what should be texts are some: nothing checks what a plugin puts into a dataclass."""
    values = [item.file, item.text] if isinstance(item, Fragment) else [item.name]
    return all(isinstance(value, str) for value in values)


def fresh(fragments: Iterable[Contribution], files: Mapping[str, str]) -> list[Contribution]:
    """Fragments that are not in these files word for word: the suspects when Asterisk refuses new files."""
    return [(plugin, f) for plugin, f in fragments if f.text.strip() not in files.get(f.file, "")]


def weed(
    suspects: Sequence[Contribution], attempt: Callable[[Sequence[Contribution]], None], refusal: NotTaken
) -> list[Contribution]:
    """Find, by trying, which fragments Asterisk refuses. Afterwards what is in force lacks just these.

    Args:
        suspects: fragments that Asterisk has refused together.
        attempt: puts a configuration in force that has of the suspects just these; raises NotTaken.
        refusal: why they were refused together; raised again when it is none of them.

    Raises:
        NotTaken: Asterisk refuses the rest as well; nothing has changed.
    """
    good: list[int] = []
    bad: list[int] = []

    def take(group: list[int]) -> None:
        try:
            attempt([suspects[i] for i in sorted(good + group)])
        except NotTaken:
            divide(group)
        else:
            good.extend(group)

    def divide(group: list[int]) -> None:
        if len(group) == 1:
            bad.extend(group)
            return
        take(group[: len(group) // 2])
        take(group[len(group) // 2 :])

    try:
        attempt([])
    except NotTaken:
        raise refusal from None
    divide(list(range(len(suspects))))
    return [suspects[i] for i in sorted(bad)]
