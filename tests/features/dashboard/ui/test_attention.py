"""What needs attention, on the dashboard without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import insert, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.dashboard.ui.attention_state import AttentionState
from tca_app.models import ApiToken, Incident
from tests.factories import make_admin, make_check, make_deployment, make_incident, make_project, make_token, make_user
from tests.statements import statements
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def attention(console: Console, actor: Actor) -> list[Any]:
    tab = Tab(console, f"{actor.username} looks", await sign_in(actor), "/dashboard")
    await tab.hydrate()
    return await tab.send(AttentionState.load)


def titles(updates: list[Any]) -> list[str]:
    return [notice["title"] for notice in shown(updates, AttentionState, "notices") or []]


async def test_it_lists_the_most_severe_first_and_each_thing_once(console: Console) -> None:
    owner, stranger = await make_user(), await make_user()
    project_id = await make_project(owner, "Ledger")
    now = datetime.now(UTC)
    await make_deployment(project_id, status="failed", version="1.0.0", finished_at=now - timedelta(hours=2))
    await make_deployment(project_id, status="failed", version="1.0.1", finished_at=now - timedelta(hours=1))
    await make_deployment(project_id, "staging", status="failed", version="1.0.0", finished_at=now - timedelta(days=31))
    await make_deployment(project_id, status="pending_approval", version="1.0.2")
    check_id = await make_check(project_id, name="Ledger production", certificate_until=now + timedelta(days=3))
    manual = {"project_id": project_id, "status": "investigating", "opened_by_id": owner.user_id}
    async with transaction() as session:
        await session.execute(insert(Incident).values(check_id=check_id, opened_at=now, reason="HTTP 502"))
        for severity, title in (("minor", "Slow exports"), ("critical", "Data is lost")):
            opened = now - timedelta(hours=3)
            await session.execute(
                insert(Incident).values(title=title, severity=severity, opened_at=opened, reason="", **manual)
            )
    assert titles(await attention(console, owner)) == [
        "Data is lost",
        "Ledger production is down",
        "Ledger 1.0.1 in production failed",
        "Ledger 1.0.2 to production awaits your approval",
        "Slow exports",
        "The certificate of Ledger production expires",
    ]
    assert titles(await attention(console, stranger)) == []


async def test_a_failure_counts_for_a_week_and_longer_where_nothing_else_runs(console: Console) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    project_id = await make_project(owner, "Ledger")
    good = {"status": "succeeded", "finished_at": now - timedelta(days=20)}
    await make_deployment(project_id, "development", version="1.0.0", **good)
    await make_deployment(project_id, "staging", version="1.1.0", **good)
    for environment, version, days in (
        ("development", "1.0.9", 9),
        ("development", "1.1.0", 8),  # 1.0.0 still runs
        ("staging", "1.1.0", 8),  # what runs failed when it was deployed again
        ("production", "1.1.0", 8),  # nothing else was ever there
    ):
        failed_at = now - timedelta(days=days)
        await make_deployment(project_id, environment, status="failed", version=version, finished_at=failed_at)
    assert sorted(titles(await attention(console, owner))) == [
        "Ledger 1.1.0 in production failed",
        "Ledger 1.1.0 in staging failed",
    ]
    await make_deployment(project_id, "development", status="failed", version="1.2.0", finished_at=now)
    assert "Ledger 1.2.0 in development failed" in titles(await attention(console, owner))


async def test_a_deployment_is_overdue_at_twice_its_usual_duration(console: Console) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    project_id = await make_project(owner, "Ledger")
    for environment in ("staging", "production"):
        started = now - timedelta(days=1)
        times = {"queued_at": started, "started_at": started, "finished_at": started + timedelta(minutes=10)}
        await make_deployment(project_id, environment, status="succeeded", version="1.0.0", **times)
    for environment, minutes in (("staging", 19), ("production", 21)):
        await make_deployment(
            project_id, environment, status="in_progress", version="1.1.0", started_at=now - timedelta(minutes=minutes)
        )
    assert titles(await attention(console, owner)) == ["Ledger 1.1.0 in production takes longer than usual"]


async def test_tokens_that_expire_are_shown_to_those_who_can_rotate_them(console: Console) -> None:
    owner, viewer, admin = await make_user(), await make_user(), await make_admin()
    project_id = await make_project(owner, "Ledger", team={viewer: "viewer"})
    _, header = await make_token(owner, project_id)
    async with transaction() as session:
        await session.execute(
            update(ApiToken).values(
                created_at=datetime.now(UTC) - timedelta(days=80), expires_at=datetime.now(UTC) + timedelta(days=3)
            )
        )
    for actor, count in ((owner, 1), (viewer, 0), (admin, 1)):
        updates = await attention(console, actor)
        assert len(titles(updates)) == count
        assert header["Authorization"].split()[1] not in repr(updates)


async def test_a_long_list_is_folded_and_reads_with_four_statements(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    for number in range(22):
        await make_deployment(project_id, status="pending_approval", version=f"1.0.{number}")
    for environment in ("staging", "production"):
        await make_deployment(project_id, environment, status="failed", version="1.0.0")
    tab = Tab(console, "long", await sign_in(owner), "/dashboard")
    await tab.hydrate()
    with statements() as asked:
        updates = await tab.send(AttentionState.load)
    assert len([statement for statement in asked if "auth_sessions" not in statement]) <= 4, asked
    assert (len(shown(updates, AttentionState, "shown")), shown(updates, AttentionState, "more")) == (5, 17)
    assert shown(updates, AttentionState, "total") == 24
    more = {"text": "2 more deployments await your approval", "url": "/deployments?status=pending_approval"}
    assert shown(updates, AttentionState, "unlisted") == [more]
    assert len(shown(await tab.send(AttentionState.show_all, shows_all=True), AttentionState, "shown")) == 22


async def test_everything_is_counted_and_the_rest_has_a_list(console: Console) -> None:
    owner, admin, now = await make_user(), await make_admin(), datetime.now(UTC)
    project_id = await make_project(owner, "Ledger")
    for number in range(21):
        check_id = await make_check(name=f"Part {number}", certificate_until=now + timedelta(days=3))
        await make_incident(check_id)
        await make_token(owner, project_id)
    async with transaction() as session:
        times = {"created_at": now - timedelta(days=80), "expires_at": now + timedelta(days=3)}
        await session.execute(update(ApiToken).values(times))
    updates = await attention(console, admin)
    assert (shown(updates, AttentionState, "total"), len(titles(updates))) == (63, 60)
    assert {one["text"]: one["url"] for one in shown(updates, AttentionState, "unlisted")} == {
        "1 more open incident": "/status/incidents?status=investigating&status=identified&status=monitoring",
        "1 more certificate expires": "/status/checks?sort=certificate_until",
        "1 more API token expires": "/admin/tokens?sort=expires_at",
    }
    unlisted = shown(await attention(console, owner), AttentionState, "unlisted")
    assert {one["text"]: one["url"] for one in unlisted}["1 more API token expires"] == "", (
        "only administrators have a list of all tokens"
    )


@pytest.mark.parametrize("is_of_project", [True, False])
async def test_the_panel_watches_the_tokens_that_it_shows(
    console: Console, monkeypatch: pytest.MonkeyPatch, *, is_of_project: bool
) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Ledger") if is_of_project else None
    await make_token(owner, project_id)
    async with transaction() as session:
        times = {"created_at": datetime.now(UTC) - timedelta(days=80), "expires_at": datetime.now(UTC) + timedelta(3)}
        await session.execute(update(ApiToken).values(times))
    watched: list[str] = []
    monkeypatch.setattr(AttentionState, "_watch", lambda _self, _handler, *topics: watched.extend(topics))
    assert len(titles(await attention(console, owner))) == 1
    assert (f"project:{project_id}" if is_of_project else f"user:{owner.user_id}") in watched


async def test_a_notice_has_the_mark_of_its_project_and_the_console_has_none(console: Console) -> None:
    admin, now = await make_admin(), datetime.now(UTC)
    project_id = await make_project(admin, "Ledger", color="teal", emoji="\U0001f680")
    check_id, own_id = await make_check(project_id, name="Ledger production"), await make_check(name="Disk")
    await make_deployment(project_id, status="pending_approval", version="1.0.2")
    async with transaction() as session:
        for of_check in (check_id, own_id):
            await session.execute(insert(Incident).values(check_id=of_check, opened_at=now, reason="HTTP 502"))
    notices = shown(await attention(console, admin), AttentionState, "notices")
    marks = {notice["title"]: notice["mark"]["text"] for notice in notices}
    assert marks == {
        "Disk is down": "",
        "Ledger production is down": "\U0001f680",
        "Ledger 1.0.2 to production awaits your approval": "\U0001f680",
    }
