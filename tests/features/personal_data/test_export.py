"""The export of a person's data: complete, without secrets, for themselves and administrators, with a recent proof."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import update
from sqlmodel import col

from tca_app.core.database.session import transaction
from tca_app.features.personal_data import service
from tca_app.features.personal_data.sections import SECTIONS
from tca_app.features.personal_data.ui.state import PersonalDataState
from tca_app.models import AuthSession
from tests.factories import (
    bearer,
    make_admin,
    make_factor,
    make_notification,
    make_project,
    make_token,
    make_user,
    signed_in,
)
from tests.features.factors.accounts import event_types
from tests.ui.harness import Tab, console_on, shown, sign_in


def path(user_id: int) -> str:
    return f"/api/v1/users/{user_id}/export"


async def age_proofs() -> None:
    old = datetime.now(UTC) - timedelta(hours=1)
    async with transaction() as session:
        await session.execute(update(AuthSession).values(verified_at=old).where(col(AuthSession.id) > 0))


async def test_a_person_gets_what_is_stored_about_them(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user("ana"))
    project_id = await make_project(ana, "Ledger")
    await make_factor(ana, name="Phone")
    _, token = await make_token(ana, name="Laptop")
    await make_notification(ana)
    answer = await api.get(path(ana.user_id), headers=header)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="user-{ana.user_id}-')
    data = answer.json()
    assert set(data) == {section.name for section in SECTIONS} | {"exported_at", "truncated"}
    assert data["profile"][0]["email"] == "ana@example.com"
    assert data["memberships"][0]["project_name"] == "Ledger"
    assert data["owned_projects"][0]["id"] == project_id
    assert data["factors"][0]["name"] == "Phone"
    assert data["tokens"][0]["name"] == "Laptop"
    assert data["sessions"][0]["ip"] == "127.0.0.1"
    assert len(data["notifications"]) == 1
    assert "personal_data_exported" in {event["type"] for event in data["events_by_person"]}
    assert data["truncated"] == []
    for secret in (token["Authorization"].removeprefix("Bearer "), "$argon2", "key_id"):
        assert secret not in answer.text


async def test_only_the_person_and_administrators_get_it(api: httpx.AsyncClient) -> None:
    ana, bob, boss = await make_user(), await make_user(), await make_admin()
    assert (await api.get(path(ana.user_id), headers=await bearer(bob))).status_code == 404
    assert (await api.get(path(ana.user_id), headers=await bearer(boss))).status_code == 200
    assert (await api.get(path(999_999), headers=await bearer(boss))).status_code == 404
    boss, _ = await signed_in(boss)
    _, token = await make_token(boss, scopes=["admin"])
    assert (await api.get(path(ana.user_id), headers=token)).status_code == 403
    assert (await event_types()).count("personal_data_exported") == 1


async def test_it_needs_a_recent_proof(api: httpx.AsyncClient) -> None:
    ana = await make_user()
    header = await bearer(ana)
    await age_proofs()
    answer = await api.get(path(ana.user_id), headers=header)
    assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")


async def test_events_of_others_come_without_their_address(api: httpx.AsyncClient) -> None:
    ana, boss = await make_user(), await make_admin()
    await api.patch(f"/api/v1/users/{ana.user_id}", json={"full_name": "Ana B"}, headers=await bearer(boss))
    data = (await api.get(path(ana.user_id), headers=await bearer(ana))).json()
    changed = next(event for event in data["events_about_person"] if event["type"] == "user_updated")
    assert changed["actor_id"] == boss.user_id
    assert changed["ip"] is None


async def test_a_long_section_is_read_in_batches_and_bounded(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await make_user()
    for number in range(5):
        await make_project(ana, f"Project number {number}")
    header = await bearer(ana)
    monkeypatch.setattr(service, "BATCH", 2)
    data = (await api.get(path(ana.user_id), headers=header)).json()
    assert [row["project_name"] for row in data["memberships"]] == [f"Project number {n}" for n in range(5)]
    monkeypatch.setattr(service, "MAX_ROWS", 4)
    data = (await api.get(path(ana.user_id), headers=header)).json()
    assert len(data["memberships"]) == 4
    assert "memberships" in data["truncated"]


async def test_the_page_shows_the_link_after_the_proof() -> None:
    ana = await make_user()
    cookie = await sign_in(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", cookie, "/settings")
        await tab.hydrate()
        ready = await tab.send(PersonalDataState.prepare, user_id=ana.user_id)
        assert shown(ready, PersonalDataState, "ready_id") == ana.user_id
