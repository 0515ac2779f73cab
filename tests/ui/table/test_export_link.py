"""The link "Download CSV" asks for what the list shows."""

from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.users.ui.state import UsersState
from tests.factories import make_admin
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
