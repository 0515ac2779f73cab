"""Words of registries are looked up at run time, so no call names them: each has a German text nevertheless."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest

import tca_app.tca_app
from tca_app.core.database.concurrency import Changes
from tca_app.core.errors import AppError
from tca_app.core.events.log import CATALOGUE, Event
from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.language.messages import read_catalogue, speaking
from tca_app.core.marks import COLORS
from tca_app.core.region.locales import LOCALES
from tca_app.features.activity.field_labels import FIELDS, WORDS
from tca_app.features.activity.type_labels import TYPES
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.features.ci.exchange import REFUSED
from tca_app.features.deployments.errors import illegal_step
from tca_app.features.deployments.listing.filters import STATUS_LABELS
from tca_app.features.deployments.policy import DeploymentState
from tca_app.features.environments.tiers import TIER_LABELS
from tca_app.features.health.probing.checks import PARTS, SERVICES
from tca_app.features.jobs.filters import QUEUES
from tca_app.features.projects.policy import RANK
from tca_app.features.projects.ui.form_state import COLOR_OPTIONS
from tca_app.features.webhooks.ui.form_pages import GROUPS
from tca_app.frontend.languages import SCRIPTS
from tca_app.ui.components.roles import ROLE_LABELS

SECRET = {"password", "current_password"}
ONLY_REST = {"The signature does not match.", REFUSED}  # GitHub and jobs of CI read them
NAMES = {"GitHub", "REST", "PostgreSQL", "Redis"}
T = TypeVar("T")


def _subclasses(of: type[T]) -> Iterator[type[T]]:
    for one in of.__subclasses__():
        yield one
        yield from _subclasses(one)


@pytest.fixture(scope="module")
def german() -> set[str]:
    return {message.id for message in read_catalogue("de") if message.string and isinstance(message.id, str)}


def test_each_error_has_a_german_text(german: set[str]) -> None:
    defaults = {error.default for error in _subclasses(AppError) if error.__module__.startswith("tca_app.")}
    assert defaults - german - ONLY_REST - {""} == set()
    assert set(REASONS.values()) - german == set()


def _plain_texts(path: Path, errors: set[str]) -> Iterator[str]:
    """The texts of errors in a file that no call looks up: literals, and constants."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        named = {part.id for part in ast.walk(node.func) if isinstance(part, ast.Name)}
        for text in node.args[-1:] if named & errors else ():
            has_words = isinstance(text, ast.JoinedStr | ast.Constant) and " " in ast.unparse(text)
            if (has_words and "_(" not in ast.unparse(text)) or (isinstance(text, ast.Name) and text.id.isupper()):
                yield f"{path.name}: {ast.unparse(text)}"


def test_each_error_that_a_screen_can_show_is_looked_up() -> None:
    errors = {error.__name__ for error in _subclasses(AppError)} | {"FieldError"}
    features = Path(tca_app.tca_app.__file__).parent / "features"
    files = [path for path in features.rglob("*.py") if not {"github", "exchange.py", "logs.py"} & {*path.parts}]
    assert [text for path in files for text in _plain_texts(path, errors)] == []


def test_an_error_of_a_deployment_is_in_the_language_of_the_person() -> None:
    going = cast(DeploymentState, SimpleNamespace(status="in_progress", reason=""))
    assert illegal_step(going, "rolled_back").detail == "This deployment is in progress: it cannot be rolled back."
    with speaking("de"):
        assert illegal_step(going, "rolled_back").detail == "Dieses Deployment läuft. Nicht möglich: Zurückrollen."


def test_each_event_has_a_german_title_and_the_name_of_its_type(german: set[str]) -> None:
    assert {event.title for event in CATALOGUE.values()} - german == set()
    assert CATALOGUE.keys() == TYPES.keys()
    assert set(TYPES.values()) - german == set()
    assert {event.subject_type for event in CATALOGUE.values()} == GROUPS.keys()


def test_each_field_of_an_event_has_a_name(german: set[str]) -> None:
    own = {name for event in CATALOGUE.values() for name in event.model_fields.keys() - Event.model_fields.keys()}
    changed = {name for schema in _subclasses(Changes) for name in schema.model_fields}
    named = {name for name in own | changed if not name.endswith("_id")} - SECRET - {"sessions"}
    assert named - FIELDS.keys() == set()
    assert {*FIELDS.values(), *WORDS.values()} - german - NAMES == set()


def test_each_colour_of_a_project_has_a_german_name(german: set[str]) -> None:
    assert [value for value, _label in COLOR_OPTIONS] == ["", *COLORS]
    assert {label for _value, label in COLOR_OPTIONS} - german == set()


def test_roles_states_tiers_queues_and_locales_have_german_names(german: set[str]) -> None:
    assert ROLE_LABELS.keys() == RANK.keys() <= WORDS.keys()
    assert QUEUES.keys() == set(QUEUE_NAMES)
    parts = {name for name, _weight in (*PARTS.values(), *SERVICES.values())}
    locales = {locale.label for locale in LOCALES.values()}
    labels = (ROLE_LABELS.values(), TIER_LABELS.values(), STATUS_LABELS.values(), QUEUES.values(), parts, locales)
    assert {label for group in labels for label in group} - german - NAMES == set()


_SENTENCE = re.compile(r"""(?<![\w.]t\()(?<!Error\()["`][A-Z][a-z]+ (?:[\w,'${}.]+ ?)+[.:]?["`]""")


def test_each_sentence_of_a_script_is_looked_up() -> None:
    bare = [
        f"{path.name}: {found[0]}"
        for path in SCRIPTS.rglob("*.js")
        for line in path.read_text().splitlines()
        if not line.lstrip().startswith(("*", "/", '"')) or "nt(" in line
        for found in _SENTENCE.finditer(line)
        if f"t({found[0]}" not in line
    ]
    assert bare == []
