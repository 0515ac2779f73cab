"""Every handler of the console, as a stranger, a member and somebody who was deactivated would call it."""

import inspect
from collections.abc import AsyncIterator, Iterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.registry import RegistrationContext
from sqlalchemy import text

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.ui.gate import REFUSED
from tca_app.ui.handlers import INTERNAL_HANDLERS, PERMISSIONS, permission_of
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in
from tests.ui.test_registry import _all_screens

__all__ = ["_all_screens"]
EXAMPLES: dict[object, object] = {str: "1", bool: True, dict[str, str]: {"id": "1", "user_id": "1", "project_id": "1"}}


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """In memory alone: where a state is kept is another matter than who may call it."""
    async with console_on(StateManagerMemory()) as running:
        yield running


def handlers() -> Iterator[tuple[str, str]]:
    """Each handler of the console with its permission."""
    for name in sorted(RegistrationContext.get().event_handlers):
        permission = permission_of(name)
        if permission and permission != "public" and name not in INTERNAL_HANDLERS and "tests___" not in name:
            yield name, permission


async def rows() -> list[tuple[str, int]]:
    """How many rows each table has, and the newest change of users and projects.

    Without the columns and density of lists, which are always of the person who chooses them.
    """
    async with reading() as session:
        tables = set(await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        counted = sorted(tables - {"list_preferences"})
        counts = [(name, await session.scalar(text(f"SELECT count(*) FROM {name}"))) for name in counted]
        versions = await session.scalar(text("SELECT (SELECT sum(version) FROM users) + sum(version) FROM projects"))
    return [*counts, ("versions", versions or 0)]


async def test_a_stranger_calls_none(console: Console) -> None:
    tab = Tab(console, "t1", path="/")
    await tab.hydrate()
    tried = 0
    for name, _ in handlers():
        updates = await tab.send(name)
        assert redirects(updates) == ["/login"], f"{name} answered {updates}"
        tried += 1
    assert tried > 300
    assert not console.errors


async def test_a_member_calls_none_of_an_administrator(console: Console) -> None:
    member, admin = await make_user("ana"), await make_admin()
    await make_project(admin)
    tab = Tab(console, "t1", await sign_in(member), path="/")
    await tab.hydrate()
    before, tried = await rows(), 0
    for name, permission in handlers():
        if PERMISSIONS[permission](Actor(1, "ana", "", False)):
            continue
        updates = await tab.send(name)
        toasts = shown(updates, SessionState, "toasts")
        assert [toast["text"] for toast in toasts or []][-1:] == [REFUSED], f"{name} answered {updates}"
        tried += 1
    assert tried > 50
    assert await rows() == before
    assert not console.errors


async def test_who_was_deactivated_calls_none(console: Console) -> None:
    member, admin = await make_user("ana"), await make_admin()
    tab = Tab(console, "t1", await sign_in(member), path="/")
    await tab.hydrate()
    await run(users.update_user, admin, member.user_id, UserUpdate(is_active=False))
    before = await rows()
    await tab.hydrate()
    for name, _ in handlers():
        assert redirects(await tab.send(name)) == ["/login"], name
    assert await rows() == before
    assert not console.errors


def with_foreign_ids(name: str, foreign_id: int) -> dict[str, object]:
    """Arguments that the handler takes: the id of somebody else's record wherever it takes a number."""
    handler = RegistrationContext.get().event_handlers[name].handler
    parameters = list(inspect.signature(handler.fn).parameters.values())[1:]
    return {
        each.name: EXAMPLES.get(each.annotation, [foreign_id] if "list[" in str(each.annotation) else foreign_id)
        for each in parameters
    }


async def test_a_member_changes_nothing_by_the_ids_of_others(console: Console) -> None:
    member, admin = await make_user("ana"), await make_admin()
    project_id = await make_project(admin, "Secret plans")
    tab = Tab(console, "t1", await sign_in(member), path="/")
    await tab.hydrate()
    before, tried = await rows(), 0
    for name, permission in handlers():
        payload = with_foreign_ids(name, project_id)
        if payload and permission == "signed_in":
            updates = await tab.send(name, **payload)
            assert "Secret plans" not in repr(updates), name
            tried += 1
    assert tried > 100
    assert await rows() == before
    assert not console.errors
