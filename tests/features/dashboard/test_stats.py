"""The dashboard's numbers: each is checked against rows whose dates are known."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from tca_app.core import db as database
from tca_app.features.dashboard import service
from tests.factories import bearer, make_admin, make_project, make_user, run

STATS = "/api/v1/stats"


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


async def test_users_are_counted_as_they_were(api):
    admin = await make_user("root", is_superuser=True, created_at=ago(100))
    await make_user(created_at=ago(60), deleted_at=ago(40))
    await make_user(created_at=ago(60), deleted_at=ago(10))
    await make_user(created_at=ago(45))
    await make_user(created_at=ago(20))
    await make_user(created_at=ago(20), deleted_at=ago(15))
    await make_user(created_at=ago(0))
    stats = (await api.get(STATS, headers=await bearer(admin))).json()
    assert stats["total_users"] == {"now": 4, "before": 3, "percent": 33.3}
    by_day = {row["day"]: row["total"] for row in stats["users_by_day"]}
    assert len(by_day) == 30
    day = lambda days: ago(days).date().isoformat()  # noqa: E731
    assert [by_day[day(n)] for n in (29, 21, 20, 16, 15, 11, 10, 1, 0)] == [3, 3, 5, 5, 4, 4, 3, 3, 4]
    assert [u["username"] for u in stats["newest_users"]][-1] == "root"
    assert len(stats["newest_users"]) == 4


async def test_without_a_past_there_is_no_percentage(api):
    admin = await make_admin()
    stats = (await api.get(STATS, headers=await bearer(admin))).json()
    assert stats["total_users"] == {"now": 1, "before": 0, "percent": None}
    assert stats["active_projects"] == {"now": 0, "before": 0, "percent": None}
    assert stats["newest_projects"] == []


async def test_active_projects_are_counted_as_they_were(api):
    owner = await make_admin()
    await make_project(owner, created_at=ago(50))
    await make_project(owner, created_at=ago(50), deleted_at=ago(5))
    await make_project(owner, created_at=ago(50), deleted_at=ago(35))
    await make_project(owner, created_at=ago(50), status="archived")
    newest = await make_project(owner, "Newest")
    stats = (await api.get(STATS, headers=await bearer(owner))).json()
    assert stats["active_projects"] == {"now": 2, "before": 2, "percent": 0.0}
    assert (stats["newest_projects"][0]["id"], len(stats["newest_projects"])) == (newest, 3)
    assert stats["newest_projects"][0]["owner"]["id"] == owner.user_id


async def test_a_member_sees_own_projects_and_no_people(api):
    other, member = await make_user(), await make_user()
    await make_project(other)
    shared = await make_project(other, team={member: "viewer"})
    stats = (await api.get(STATS, headers=await bearer(member))).json()
    assert (stats["total_users"], stats["users_by_day"], stats["newest_users"]) == (None, [], [])
    assert stats["active_projects"]["now"] == 1
    assert [p["id"] for p in stats["newest_projects"]] == [shared]


async def test_the_dashboard_asks_at_most_eight_questions():
    admin = await make_admin()
    for _ in range(3):
        await make_project(await make_user())
    asked = []
    engine = database._get().writer.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    await run(service.stats, admin)
    assert 0 < len(asked) <= 8, asked
