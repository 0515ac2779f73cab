"""The page of the roles says what the policies say."""

from tca_app.core.actor import Actor
from tca_app.features.projects import policy
from tca_app.features.roles.actions import (
    ROLES,
    SENTENCES,
    actions,
    administrators_may,
    everybody_may,
    project_actions,
)
from tca_app.features.roles.ui.pages import FOR_ALL, PERMISSION_SENTENCES, roles_page
from tca_app.ui.handlers import PERMISSIONS


def test_every_action_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == actions()
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert set(PERMISSION_SENTENCES) == set(PERMISSIONS) - FOR_ALL


def test_the_table_shows_what_the_policy_allows() -> None:
    member, shown = Actor(1, "ana", "", False), {action.sentence: action.allowed for action in project_actions()}
    assert ROLES == ("viewer", "deployer", "maintainer", "owner")
    for name in policy.RULES:
        assert shown[SENTENCES[name]] == tuple(policy.may(member, name, role) for role in ROLES), name


def test_an_action_stands_with_those_who_may_do_it() -> None:
    assert "Create a project, and own it" in everybody_may()
    assert "Change the profile of a user: their own" in everybody_may()
    assert "Create users" not in everybody_may()
    assert "Create users" in administrators_may()


def test_permissions_of_pages_are_for_administrators_only() -> None:
    """The page says so of each."""
    for name in PERMISSION_SENTENCES:
        assert PERMISSIONS[name](Actor(1, "ana", "", True))
        assert not PERMISSIONS[name](Actor(2, "bob", "", False))


def test_the_page_is_for_everybody_who_is_signed_in() -> None:
    assert roles_page.permission == "signed_in"
    assert "Transfer the project to a new owner" in str(roles_page.component())
