"""The trash of the lists of users and projects: who deleted what, and when it is purged."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.region.formats import UTC_ZONE, time_words
from tca_app.features.projects import service as projects
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.users import service as users
from tca_app.features.users.ui.state import UsersState
from tca_app.models import Project, User
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_project, make_user, row_of, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def _open(console: Console, actor: Any, path: str, state: Any) -> tuple[Tab, list[Any]]:
    tab = Tab(console, f"tab {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab, shown(await tab.send(state.load), state, "rows")


async def test_the_trash_says_who_deleted_a_user_and_when_they_are_purged(console: Console) -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    await make_user("lost", deleted_at=datetime.now(UTC) - timedelta(days=20))
    await run(users.delete_user, boss, ana.user_id)
    _, rows = await _open(console, boss, "/users?view=trash", UsersState)
    assert [row["username"] for row in rows] == ["ana", "lost"]
    note, lost = rows[0]["trash"], rows[1]["trash"]
    assert (note["deleted_by"], note["purged"]) == ("Boss", "in 30 days")
    assert (lost["deleted_by"], lost["purged"]) == ("", "in 10 days")
    assert note["purged_exact"] == time_words(datetime.fromisoformat(note["purged_at"]), UTC_ZONE)
    _, rows = await _open(console, boss, "/users?view=trash&sort=deleted_by", UsersState)
    assert [row["username"] for row in rows] == ["ana", "lost"]
    _, rows = await _open(console, boss, "/users?sort=deleted_by", UsersState)
    assert [row["trash"] for row in rows] == [{}]


async def test_without_days_nothing_is_purged(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "retention_trash_days", 0)
    boss, ana = await make_admin("boss"), await make_user("ana")
    await run(users.delete_user, boss, ana.user_id)
    _, [row] = await _open(console, boss, "/users?view=trash", UsersState)
    assert (row["trash"]["purged"], row["trash"]["purged_at"]) == ("Never", "")


async def test_a_project_keeps_who_deleted_it_when_its_owner_leaves(console: Console) -> None:
    boss, ana = await make_admin("boss"), await make_user("ana", full_name="Ana A")
    project_id = await make_project(ana, "Billing")
    await run(projects.delete_project, ana, project_id)
    await run(users.delete_user, boss, ana.user_id, boss.user_id)
    tab, [row] = await _open(console, boss, "/projects?view=trash", ProjectsState)
    assert (row["name"], row["trash"]["deleted_by"]) == ("Billing", "Ana A")
    restored = await tab.send(ProjectsState.restore, project_id=project_id)
    [toast] = shown(restored, SessionState, "toasts")
    assert (toast["text"], toast["undo"]) == ("Billing restored", True)
    again = await tab.send(SessionState.undo, toast_id=toast["id"])
    assert (await row_of(Project, project_id))["deleted_at"] is not None
    [row] = shown(again, ProjectsState, "rows")
    assert row["trash"]["deleted_by"] == "Boss"


async def test_restoring_users_can_be_undone(console: Console) -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    await run(users.delete_user, boss, ana.user_id)
    tab, _ = await _open(console, boss, "/users?view=trash", UsersState)
    restored = await tab.send(UsersState.ask_rows, action="restore", ids=[ana.user_id])
    [toast] = shown(restored, SessionState, "toasts")
    assert (toast["text"], toast["undo"]) == ("ana restored", True)
    assert (await row_of(User, ana.user_id))["deleted_at"] is None
    await tab.send(SessionState.undo, toast_id=toast["id"])
    assert (await row_of(User, ana.user_id))["deleted_at"] is not None
