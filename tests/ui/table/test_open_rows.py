"""A click or Enter on a row opens what it is about, and `e` edits it, where there is something to open or to edit."""

from collections.abc import Callable
from typing import Any

import pytest
import reflex as rx

from tca_app.features.activity.ui.pages import activity_page
from tca_app.features.ci.ui.pages import ci_trust_settings
from tca_app.features.environments.ui.pages import environment_settings
from tca_app.features.groups.ui.pages import groups_page
from tca_app.features.invitations.ui.pages import invitations_list
from tca_app.features.notifications.ui.pages import notifications_page
from tca_app.features.projects.ui.members_pages import members_tab
from tca_app.features.tokens.ui.admin_pages import all_tokens_page
from tca_app.features.user_page.ui.pages import user_page
from tca_app.features.webhooks.ui.pages import webhooks_page

NONE = rx.fragment()


@pytest.mark.parametrize(
    "page",
    [
        groups_page.body,
        lambda: members_tab(NONE),
        all_tokens_page.body,
        invitations_list,
        activity_page.body,
        notifications_page.body,
        user_page.body,
        webhooks_page.body,
    ],
)
def test_a_row_has_a_control_that_opens_it(page: Callable[[], Any]) -> None:
    drawn = str(page())
    assert "data-row" in drawn
    assert "data-open" in drawn


@pytest.mark.parametrize("page", [environment_settings, ci_trust_settings])
def test_a_row_in_the_settings_is_edited_by_its_key(page: Callable[[], Any]) -> None:
    drawn = str(page())
    assert "data-row" in drawn
    assert "data-edit" in drawn
