"""Short lists of pages: the order in the URL, each list by a parameter of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import insert, update

from tca_app.core.database.session import transaction
from tca_app.features.auth.ui.sessions_state import SessionsState
from tca_app.features.ci.ui.state import TrustsState
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.features.environments.ui.state import EnvironmentsState
from tca_app.features.groups.ui.project_state import ProjectGroupsState
from tca_app.features.invitations.ui.state import ProjectInvitationsState
from tca_app.models import AuthSession, Group, Invitation, ProjectGroup
from tests.factories import make_admin, make_freeze, make_invitation, make_project, make_trust, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_each_list_of_a_project_has_an_order_of_its_own(console: Console) -> None:
    owner = await make_user("ana")
    project_id = await make_project(owner)
    for name in ("Alpha", "Beta"):
        await make_trust(owner, project_id, name=name)
        await make_invitation(owner, f"{name}@example.com".lower())
        await make_freeze(project_id, why=name)
    async with transaction() as session:
        await session.execute(update(Invitation).values(project_id=project_id, role="viewer"))
        groups = insert(Group).returning(Group.id)
        ids = (await session.execute(groups, [{"name": "Alpha"}, {"name": "Beta"}])).scalars()
        rows = [{"project_id": project_id, "group_id": one, "role": "viewer"} for one in ids]
        await session.execute(insert(ProjectGroup), rows)
    tab = Tab(console, "tab", await sign_in(owner))
    await tab.hydrate()
    lists: tuple[tuple[Any, str, str, str, str], ...] = (
        (EnvironmentsState, "environments", "settings", "sort_environments", "rank"),
        (FreezesState, "rows", "settings", "sort_freezes", "why"),
        (TrustsState, "rows", "settings", "sort_trusts", "name"),
        (ProjectGroupsState, "groups", "members", "sort_groups", "name"),
        (ProjectInvitationsState, "rows", "members", "sort_invitations", "email"),
    )
    for state, field, page, parameter, key in lists:
        found = {}
        for sort in (key, f"-{key}"):
            tab.path = f"/projects/{project_id}?tab={page}&{parameter}={sort}&sort=-id"
            updates = await tab.send(state.load)
            assert shown(updates, state, "sort") == sort
            found[sort] = [row["id"] for row in shown(updates, state, field)]
        assert found[key] == found[f"-{key}"][::-1] != [], parameter
        tab.path = f"/projects/{project_id}?tab={page}&{parameter}=password"
        assert shown(await tab.send(state.load), state, "sort") == state._order.default


async def test_the_file_of_sessions_has_the_order_and_the_person_of_the_page(console: Console) -> None:
    admin, ana = await make_admin("root"), await make_user("ana")
    await sign_in(ana)
    await sign_in(ana)
    async with transaction() as session:
        await session.execute(update(AuthSession).values(ip="192.0.2.1"))
    tab = Tab(console, "tab", await sign_in(admin), f"/users/{ana.user_id}?sort_sessions=-created_at")
    await tab.hydrate()
    updates = await tab.send(SessionsState.load)
    assert len(shown(updates, SessionsState, "rows")) == 2
    assert shown(updates, SessionsState, "sort") == "-created_at"
    assert shown(updates, SessionsState, "export_query") == f"user_id={ana.user_id}&sort=-created_at"
    tab.path = "/users/nobody"
    assert shown(await tab.send(SessionsState.load), SessionsState, "rows") == []
