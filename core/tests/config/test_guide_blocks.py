"""The guide's examples of inbound routes and middle numbers are what the importer takes."""

import re
from pathlib import Path

import pytest
from jackfield.config.check import check_site
from jackfield.config.importer import import_site
from jackfield.config.objects import core_kinds
from jackfield.routing.destinations import DestinationKind, End

GUIDE = (Path(__file__).parents[3] / "docs/guide.md").read_text(encoding="utf-8")
KINDS = {kind.kind: kind for kind in core_kinds()}
QUEUES = [DestinationKind("queue", "Queue", lambda call, name: End(), lambda site: ["a", "b"])]
CARRIER = '[[trunk]]\nname = "carrier"\nhost = "192.0.2.1"\n\n'


@pytest.mark.parametrize("title", ["Numbers that people call", "Middle numbers"])
def test_examples(title: str) -> None:
    section = re.search(rf"^## {title}.*?(?=^## )", GUIDE, re.DOTALL | re.MULTILINE)
    assert section is not None
    blocks = re.findall(r"^```toml\n(.*?)^```$", section[0], re.DOTALL | re.MULTILINE)
    assert blocks
    site = import_site(CARRIER + "\n".join(blocks), KINDS, QUEUES)
    assert len(site.objects()) > 2
    assert check_site(site, KINDS, QUEUES) == [] or all(p.warning for p in check_site(site, KINDS, QUEUES))
