"""Every event handler names a permission. A new one without it fails here."""

from importlib import import_module
from pathlib import Path

import pytest
from reflex_base.registry import RegistrationContext

import tca_app
from tca_app.core.actor import Actor
from tca_app.features.auth.ui.state import local_path
from tca_app.ui.handlers import PERMISSIONS, permission_of, unguarded_handlers
from tca_app.ui.session import to_login

PACKAGE = Path(tca_app.__file__).parent
STATES = [path for pattern in ("features/**/ui/*.py", "ui/**/*.py") for path in PACKAGE.glob(pattern)]


@pytest.fixture(scope="module", autouse=True)
def _all_screens() -> None:
    """Each test sees the handlers of all screens, whichever tests this worker runs."""
    for path in STATES:
        import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))


def test_every_handler_of_the_console_names_a_permission() -> None:
    assert len(STATES) > 80
    ours = [name for name in unguarded_handlers() if "tests___" not in name]
    assert ours == []


def test_only_what_a_stranger_needs_is_public() -> None:
    public = {name.rpartition(".")[2] for name in RegistrationContext.get().event_handlers if _is_public(name)}
    assert public == {
        "dismiss_toast",
        "enter_change_password",
        "enter_forgot",
        "enter_invitation",
        "enter_link",
        "enter_login",
        "enter_second_factor",
        "enter_setup",
    }


def _is_public(name: str) -> bool:
    return permission_of(name) == "public"


def test_managing_people_is_for_superusers() -> None:
    rule = PERMISSIONS["users.manage"]
    assert not rule(Actor(1, "ana", "", False))
    assert rule(Actor(1, "ana", "", True))


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/users?q=a", "/users?q=a"),
        ("//evil.example", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("https://evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("/a\nb", "/dashboard"),
        ("", "/dashboard"),
    ],
)
def test_the_way_back_after_sign_in_stays_on_this_site(asked: str, leads_to: str) -> None:
    assert local_path(asked) == leads_to


@pytest.mark.parametrize(
    ("here", "login"),
    [
        ("/users?q=a&page=2", "/login?next=/users%3Fq%3Da%26page%3D2"),
        ("/", "/login"),
        ("/login?next=/x", "/login?next=/x"),
        ("/login/second-factor/?next=/x", "/login/second-factor/?next=/x"),
        ("", "/login"),
    ],
)
def test_the_sign_in_page_knows_the_way_back(here: str, login: str) -> None:
    assert str(to_login(here).args[0][1]).strip('"') == login
