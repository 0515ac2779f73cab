"""The notice seven days before a token expires, and the one when somebody else revokes it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from tca_app.consumers.maintenance import warn_of_expiring_tokens
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.models import ApiToken
from tests.factories import bearer, do_jobs, make_admin, make_project, make_token, make_user, row_of
from tests.features.tokens.test_tokens import change


async def end_in(token_id: int, days: float, **values: Any) -> None:
    """Lets a token of 60 days end so many days from now."""
    ends_at = datetime.now(UTC) + timedelta(days=days)
    await change(token_id, created_at=ends_at - timedelta(days=60), expires_at=ends_at, **values)


async def warned(api: httpx.AsyncClient, actor: Actor) -> list[tuple[str, str]]:
    await warn_of_expiring_tokens()
    await do_jobs()
    answer = await api.get("/api/v1/notifications", headers=await bearer(actor))
    return [(row["title"], row["link"]) for row in answer.json()]


async def test_the_owner_is_warned_once_seven_days_before(api: httpx.AsyncClient) -> None:
    owner = await make_user("ana")
    token_id, _ = await make_token(owner, name="Nightly", expires_in_days=30)
    await end_in(token_id, 7.1)
    assert await warned(api, owner) == []
    await end_in(token_id, 6.9)
    day = (await row_of(ApiToken, token_id))["expires_at"].date().isoformat()
    notice = (f"The API token Nightly of Ana expires on {day}", "/settings?tab=tokens")
    assert await warned(api, owner) == [notice]
    assert await warned(api, owner) == [notice]


async def test_maintainers_are_warned_of_the_tokens_of_their_project(api: httpx.AsyncClient) -> None:
    owner, maintainer, deployer = await make_user(), await make_user(), await make_user()
    team = {maintainer: "maintainer", deployer: "deployer"}
    project_id = await make_project(owner, "Ledger", team=team)
    token_id, _ = await make_token(owner, project_id, role="maintainer")
    await end_in(token_id, 1)
    notices = [await warned(api, who) for who in (owner, maintainer, deployer)]
    assert [[link for _, link in notice] for notice in notices] == [
        [f"/projects/{project_id}?tab=settings"],
        [f"/projects/{project_id}?tab=settings"],
        [],
    ]


async def test_nobody_is_warned_of_a_token_that_was_meant_to_end(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    await make_token(owner, expires_in_days=7)
    revoked, _ = await make_token(owner)
    await end_in(revoked, 1, revoked_at=datetime.now(UTC))
    ended, _ = await make_token(owner)
    await end_in(ended, -1)
    rotated, _ = await make_token(owner)
    await api.post(f"/api/v1/tokens/{rotated}/rotate", headers=await bearer(owner), json={})
    assert await warned(api, owner) == []


async def test_the_owner_hears_when_an_administrator_revokes_a_token(api: httpx.AsyncClient) -> None:
    owner, admin = await make_user("ana"), await make_admin("root")
    own, _ = await make_token(owner, name="Mine")
    other, _ = await make_token(owner, name="Other")
    await api.delete(f"/api/v1/tokens/{own}", headers=await bearer(owner))
    await api.delete(f"/api/v1/tokens/{other}", headers=await bearer(admin))
    assert [title for title, _ in await warned(api, owner)] == ["Root revoked the API token Other of Ana"]
    async with transaction() as session:
        logged = await session.execute(text("SELECT data::text FROM events WHERE type = 'token_revoked'"))
        assert "tca_" not in str(logged.all())
