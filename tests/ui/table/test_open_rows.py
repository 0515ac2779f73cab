"""A click or Enter on a row opens what it is about, and `e` edits it, where there is something to open or to edit."""

from collections.abc import Callable
from typing import Any

import pytest
import reflex as rx

from tca_app.features.environments.ui.pages import environment_settings
from tca_app.features.groups.ui.pages import groups_page
from tca_app.features.invitations.ui.pages import invitations_list
from tca_app.features.projects.ui.members_pages import members_tab
from tca_app.features.tokens.ui.admin_pages import all_tokens_page


@pytest.mark.parametrize(
    "page", [groups_page.body, lambda: members_tab(rx.fragment()), all_tokens_page.body, invitations_list]
)
def test_a_row_has_a_control_that_opens_it(page: Callable[[], Any]) -> None:
    drawn = str(page())
    assert "data-row" in drawn
    assert "data-open" in drawn


def test_the_row_of_an_environment_is_edited_by_its_key() -> None:
    drawn = str(environment_settings())
    assert "data-row" in drawn
    assert "data-edit" in drawn
