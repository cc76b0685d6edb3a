"""What every plugin must do, as tests that an author inherits.

class TestContract(PluginContract):
    plugin = HelloPlugin
    site = SITE                      # TOML with a DID that leads to each of the plugin's destinations

    def talk(self, pbx, caller):     # how a call with it goes; the contract hangs up at every step of it
        caller.hears("hello-menu")
        caller.presses("1")
"""

from __future__ import annotations

import ast
import inspect
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from jackfield import hookspecs
from jackfield.config import conf_syntax
from jackfield.config.site import Site
from jackfield.i18n import LANGUAGES
from jackfield.storage.engine import Database
from jackfield.storage.migrate import is_current, migrate
from jackfield.storage.models import Models
from jackfield.storage.testing import differences, postgres_binaries, postgres_server
from jackfield.testing import catalogue, tables
from jackfield.testing.asterisk import PATIENCE, Channel
from jackfield.testing.claims import Claims
from jackfield.testing.people import Caller, NotSo
from jackfield.testing.simulator import Simulator

HOOKS = {name: hook for name, hook in vars(hookspecs.Hooks).items() if name.startswith("jackfield_")}
HASTE = 0.3
MAX_STEPS = 200
"""AGI commands of one call at which the contract hangs up."""


class PluginContract(Claims):
    """Inherit it and name the plugin."""

    plugin: type
    """The plugin's class."""
    name: str = ""
    """Its name; by default that of its entry point, or else of its package without `jackfield_`."""
    site: str = ""
    """A site in TOML, with a DID that leads to each of the plugin's destinations that callers can reach."""
    settings: dict[str, Any] = {}  # noqa: RUF012  (authors put a plain dict there)
    """The plugin's settings, as in `[plugins.NAME]`."""

    def talk(self, pbx: Simulator, caller: Caller) -> None:
        """How a call goes; `caller` has just called. By default says and presses nothing, for ten minutes."""
        for _ in range(120):
            if caller.channel.gone:
                return
            caller.waits(5)

    # -- helpers ---------------------------------------------------------------------------------------------------

    @classmethod
    def own_name(cls) -> str:
        """The plugin's name."""
        if cls.name:
            return cls.name
        for point in entry_points(group="jackfield.plugins"):
            if point.value.partition(":")[2] == cls.plugin.__qualname__ and point.module == cls.plugin.__module__:
                return point.name
        return cls.package().removeprefix("jackfield_")

    @classmethod
    def package(cls) -> str:
        """The import name of the plugin's package."""
        return cls.plugin.__module__.partition(".")[0]

    @classmethod
    def folder(cls) -> Path:
        """Where the package's modules are."""
        return Path(inspect.getfile(sys.modules[cls.package()])).parent

    def simulator(self) -> Simulator:
        """A Jackfield with the plugin."""
        name = self.own_name()
        return Simulator({name: self.plugin}, site=self.site, settings={"plugins": {name: self.settings}})

    # -- loading ---------------------------------------------------------------------------------------------------

    def test_it_loads_and_stops(self) -> None:
        """The host takes it, with its settings and the site, and lets go of it without a fault."""
        with self.simulator() as pbx:
            status = pbx.daemon.host.statuses[self.own_name()]
            assert str(status.state) == "enabled", status.reason
        assert status.faults == [], "it failed in one of its hooks; see the log"

    def test_its_hooks_are_hooks(self) -> None:
        """Each method named `jackfield_…` is a hook, is marked with `@hookimpl`, and takes what the hook gives."""
        mine = {name: getattr(self.plugin, name) for name in dir(self.plugin) if name.startswith("jackfield_")}
        assert mine, "a plugin without a hook does nothing"
        for name, method in mine.items():
            assert name in HOOKS, f"there is no hook {name}; there are: {', '.join(sorted(HOOKS))}"
            assert hasattr(method, "jackfield_impl"), f"{name} lacks @hookimpl"
            given, known = set(inspect.signature(method).parameters), set(inspect.signature(HOOKS[name]).parameters)
            assert given <= known, f"{name} takes {sorted(given - known)}, which the hook does not give"

    def test_its_settings_have_defaults_and_help(self) -> None:
        """A box without a section for it runs; each setting is explained; a misspelt one is refused."""
        if not hasattr(self.plugin, "jackfield_settings"):
            return
        model = self.plugin().jackfield_settings()
        model.model_validate({})
        assert _without_help(model) == [], "these settings lack a description"
        with pytest.raises(ValidationError):
            model.model_validate({"no-such-setting": 1})

    def test_its_site_objects_have_help(self) -> None:
        """Each field of its kinds is explained."""
        kinds = self.plugin().jackfield_site_kinds() if hasattr(self.plugin, "jackfield_site_kinds") else []
        for kind in kinds:
            assert _without_help(kind.model) == [], f"these fields of {kind.kind} lack a description"
            assert str(kind.title), f"{kind.kind} lacks a title"

    # -- the database ----------------------------------------------------------------------------------------------

    @pytest.fixture(params=["sqlite", "postgresql"])
    def contract_database(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
        """An empty database of each kind."""
        if request.param == "sqlite" or not hasattr(self.plugin, "jackfield_models"):
            database = Database(f"sqlite:///{tmp_path}/contract.db")
            yield database
            database.close()
            return
        if postgres_binaries() is None:
            pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
        with postgres_server() as server:
            database = Database(server.fresh())
            yield database
            database.close()

    def test_its_migrations(self, contract_database: Database) -> None:
        """From nothing, and from each former revision with rows in every table: nothing is lost; a second run rests."""
        if not hasattr(self.plugin, "jackfield_models"):
            return
        models: Models = self.plugin().jackfield_models()
        assert models.owner == self.own_name(), f"its tables belong to {models.owner}, but it is {self.own_name()}"
        for revision in tables.revisions(models)[:-1]:
            tables.upgrade_to(contract_database, models, revision)
            before = tables.fill(contract_database, models)
            migrate(contract_database, [models])
            after = tables.count(contract_database, models)
            lost = {name: (n, after[name]) for name, n in before.items() if name in after and after[name] != n}
            assert not lost, f"rows before and after the upgrade from {revision}: {lost}"
            _drop_all(contract_database)
        assert differences(contract_database, models) == [], "models and migrations disagree"
        assert is_current(contract_database, models)
        assert migrate(contract_database, [models]) == [], "a second run finds something to do"
        assert tables.own_tables(contract_database, models), f"its tables must be named {models.owner}_…"
        before = tables.fill(contract_database, models)
        assert migrate(contract_database, [models]) == []
        assert tables.count(contract_database, models) == before

    # -- configuration ---------------------------------------------------------------------------------------------

    def test_its_fragments_of_asterisks_configuration(self) -> None:
        """They can be parsed, and follow from the site alone: two instances say the same."""
        if not hasattr(self.plugin, "jackfield_asterisk_config"):
            return
        with self.simulator() as pbx:
            for site in (pbx.daemon.calls.site, Site({})):
                first = list(self.plugin().jackfield_asterisk_config(site))
                assert first == list(self.plugin().jackfield_asterisk_config(site)), "another instance says otherwise"
                for fragment in first:
                    if fragment.file == "modules.conf":
                        assert conf_syntax.modules(fragment.text)[1] == []
                    else:
                        assert conf_syntax.parse(fragment.text, fragment.file).errors == [], fragment.text

    def test_its_prompts_are_in_every_language(self) -> None:
        """Each prompt has a text in each language, a name that begins with the plugin's, and follows from the site."""
        if not hasattr(self.plugin, "jackfield_sounds"):
            return
        with self.simulator() as pbx:
            requests = list(self.plugin().jackfield_sounds(pbx.daemon.calls.site))
            assert requests == list(self.plugin().jackfield_sounds(pbx.daemon.calls.site))
        for request in requests:
            assert set(request.text) >= set(LANGUAGES), f"{request.name} is not in {LANGUAGES}"
            assert request.name.startswith(f"{self.own_name()}-"), f"name it {self.own_name()}-{request.name}"

    # -- calls -----------------------------------------------------------------------------------------------------

    def test_a_hang_up_at_every_step(self) -> None:
        """Wherever the caller hangs up, the handler ends by `CallerHungUp`, and leaves no thread, timer or call."""
        with self.simulator() as pbx:
            for did in pbx.daemon.calls.site.names("did"):
                steps, first = self._one(pbx, did, None)
                assert steps <= MAX_STEPS, f"did {did}: more than {MAX_STEPS} commands; hang up earlier in talk()"
                before = _left(pbx)
                for step in range(1, steps + 1):
                    _, caller = self._one(pbx, did, step)
                    self._clean(pbx, did, step, caller, before)
                _, last = self._one(pbx, did, None)
                assert _way(last) == _way(first), f"did {did}: after all those hang-ups a call goes another way"

    def _one(self, pbx: Simulator, did: str, hang_up_at: int | None) -> tuple[int, Caller]:
        """One call; hung up at the AGI command of that number, or at the end. How many commands there were."""
        count = 0

        def command(channel: Channel, line: str) -> None:
            nonlocal count
            count += 1
            if count == hang_up_at:
                pbx.asterisk.patience = HASTE  # what the talk still waits for will mostly not happen
                pbx.asterisk.hang_up(channel)

        pbx.on_command = command
        caller = pbx.caller(dials=_number(pbx, did))
        try:
            self.talk(pbx, caller)
        except NotSo:
            if hang_up_at is None or not caller.channel.gone:
                raise
        pbx.asterisk.patience = PATIENCE
        if not caller.channel.gone:
            pbx.settle()
            caller.hangs_up()
        pbx.on_command = lambda channel, line: None
        caller.is_over()
        return count, caller

    def _clean(self, pbx: Simulator, did: str, step: int, caller: Caller, before: tuple[int, int]) -> None:
        where = f"did {did}, hung up at command {step} ({(caller.channel.commands or [''])[-1][:80]})"
        record, status = caller.record(), pbx.daemon.host.statuses[self.own_name()]
        assert status.faults == [], f"{where}: the plugin failed"
        last = max(record.steps, key=lambda found: found.seq, default=None)
        done = any("JF_STATUS=done" in command for command in caller.channel.commands)
        if last is not None and not done:
            assert last.outcome == "hang-up", f"{where}: CallerHungUp was swallowed; the handler said {last.outcome!r}"
        assert pbx.until(lambda: _none_more(_left(pbx), before)), (
            f"{where}: threads and timers {_left(pbx)}, before {before}"
        )

    # -- people ----------------------------------------------------------------------------------------------------

    def test_what_people_see_is_translated(self) -> None:
        """Titles, help and marked texts are in the catalogue of every language but English."""
        plugin, texts = self.plugin(), catalogue.marked_texts(self.folder())
        for hook in ("jackfield_site_kinds", "jackfield_destinations", "jackfield_feature_codes", "jackfield_screens"):
            for item in getattr(plugin, hook, list)():
                texts.add(str.__str__(item.title))
                if hook == "jackfield_site_kinds":
                    texts |= {
                        f.description for n, f in item.model.model_fields.items() if f.description and n != "name"
                    }
        if not texts:
            return
        for language in LANGUAGES:
            if language != "en":
                path = self.folder() / "locale" / language / "LC_MESSAGES" / f"{self.package()}.po"
                assert path.exists(), f"{path} is missing"
                assert catalogue.shortcomings(texts, catalogue.read_po(path)) == [], path

    def test_it_is_documented(self) -> None:
        """Modules, classes and public functions have docstrings; the README speaks of each destination and kind."""
        bare = [name for source in sorted(self.folder().rglob("*.py")) for name in _undocumented(source)]
        assert bare == [], "these lack a docstring"
        project = next((f for f in self.folder().parents if (f / "pyproject.toml").exists()), None)
        if project is None:
            return  # installed, without its source
        readme = (project / "README.md").read_text(encoding="utf-8")
        plugin = self.plugin()
        words = [d.kind for d in getattr(plugin, "jackfield_destinations", list)()]
        words += [k.kind for k in getattr(plugin, "jackfield_site_kinds", list)()]
        assert [word for word in words if word not in readme] == [], "README.md says nothing of these"


def _without_help(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        if (
            name != "name"
            and not field.description
            and not (inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel))
        ):
            found.append(prefix + name)
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            found += _without_help(field.annotation, f"{prefix}{name}.")
    return found


def _drop_all(database: Database) -> None:
    import sqlalchemy as sa

    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    metadata.drop_all(database.engine)


def _number(pbx: Simulator, did: str) -> str:
    found = pbx.daemon.calls.site.find("did", did)
    return str(getattr(found, "number", "")).partition("-")[0]


def _left(pbx: Simulator) -> tuple[int, int]:
    """Threads and timers that are there."""
    ours = ("fake-channel", "fake-hangup", "records")
    threads = sum(not thread.name.startswith(ours) for thread in threading.enumerate())
    return threads, pbx.clock.waiting(plugins=True)


def _none_more(now: tuple[int, int], before: tuple[int, int]) -> bool:
    return now[0] <= before[0] and now[1] <= before[1]


def _way(caller: Caller) -> tuple[object, list[tuple[str, str]]]:
    record = caller.record()
    return record.result, [(step.destination, step.outcome) for step in record.steps]


def _undocumented(source: Path) -> list[str]:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    found = [str(source)] if not ast.get_docstring(tree) and tree.body else []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            nested = node.name in ("upgrade", "downgrade")
            if not ast.get_docstring(node) and not nested and _is_public(tree, node):
                found.append(f"{source.name}: {node.name}")
    return found


def _is_public(tree: ast.Module, node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Whether it stands in the module or in one of its public classes, and not within a function."""
    if node in tree.body:
        return True
    return any(isinstance(c, ast.ClassDef) and not c.name.startswith("_") and node in c.body for c in tree.body)
