"""The title of a page says when there is no such record, also to a user who may not see it."""

from typing import Any

import pytest

from tca_app.features.deployments.ui.detail_state import DeploymentState
from tca_app.features.health.incidents.ui.detail_state import IncidentState
from tca_app.features.imports.ui.state import ImportState
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.users.ui.detail_state import UserState
from tests.factories import make_admin, make_check, make_deployment, make_incident, make_project, make_user
from tests.features.imports.files import upload
from tests.ui.harness import Console, Tab, shown, sign_in

NOWHERE = 999_999_999
PAGES: tuple[tuple[str, Any, str], ...] = (
    ("users", UserState, "title"),
    ("projects", ProjectState, "heading"),
    ("deployments", DeploymentState, "heading"),
    ("incidents", IncidentState, "heading"),
    ("imports", ImportState, "title"),
)


async def ids_of_others() -> dict[str, int]:
    owner = await make_admin()
    project = await make_project(owner)
    return {
        "users": owner.user_id or 0,
        "projects": project,
        "deployments": await make_deployment(project),
        "incidents": await make_incident(await make_check(project)),
        "imports": (await upload(owner, "username,email\nana,ana@example.com\n", dry_run=True)).id,
    }


@pytest.mark.parametrize("is_there", [True, False], ids=["of others", "nowhere"])
async def test_the_title_says_that_there_is_none(console: Console, is_there: bool) -> None:
    ids, reader = await ids_of_others(), await make_user()
    for kind, state, title in PAGES:
        path = f"/{kind}/{ids[kind] if is_there else NOWHERE}"
        tab = Tab(console, path, await sign_in(reader), path)
        await tab.hydrate()
        assert shown(await tab.send(state.load), state, title) == "Page not found", path
