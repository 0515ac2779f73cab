"""The link "Download CSV" asks for what the list shows."""

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.users.ui.state import UsersState
from tests.factories import bearer, make_admin
from tests.ui.harness import Tab, console_on, shown, sign_in


async def test_the_link_keeps_search_filters_and_order_but_not_the_page() -> None:
    cookie = await sign_in(await make_admin())
    for state, url, expected in (
        (UsersState, "/users?q=ana&status=inactive&sort=email&page=1", "search=ana&is_active=false&sort=email"),
        (ProjectsState, "/projects?status=paused&view=trash&size=50", "status=paused&deleted=true"),
        (DeploymentsState, "/deployments?status=failed&status=queued", "status=failed&status=queued"),
    ):
        async with console_on(StateManagerMemory()) as console:
            tab = Tab(console, "tab", cookie, url)
            await tab.hydrate()
            query = shown(await tab.send(state.load), state, "export_query")
        assert expected in query
        assert "page" not in query
        assert "limit" not in query


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
async def test_the_file_has_the_first_and_the_last_day_in_every_zone(api: httpx.AsyncClient, zone: str) -> None:
    admin = await make_admin()
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(admin), "/projects?since=1970-01-01&until=8999-12-31")
        tab.headers["cookie"] += f"; time_zone={zone}"
        await tab.hydrate()
        query = shown(await tab.send(ProjectsState.load), ProjectsState, "export_query")
    assert query.startswith("since=")
    file = await api.get(f"/api/v1/projects/export.csv?{query}", headers=await bearer(admin))
    assert file.status_code == 200, file.text
