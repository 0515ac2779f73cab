"""Demo data is realistic, keeps the product's rules, and never mixes with real users."""

import httpx
import pytest
from sqlalchemy import text

from tca_app.consumers.analytics import recount
from tca_app.core.database.session import reading
from tca_app.core.errors import Conflict
from tca_app.core.events.verify import verify_log
from tca_app.demo import organisation
from tca_app.demo.organisation import Demo
from tests.factories import bearer, make_admin, run


async def test_the_demo_fills_lists_charts_and_trends(demo, api):
    made = demo
    header = await bearer(await make_admin("firstadmin"))
    users = await api.get("/api/v1/users?limit=1", headers=header)
    projects = await api.get("/api/v1/projects", headers=header)
    trash = await api.get("/api/v1/users?deleted=true", headers=header)
    assert (made.users, made.projects) == (200, 40)
    assert int(users.headers["X-Total-Count"]) == 201 - len(trash.json()) > 180
    assert {p["status"] for p in projects.json()} == {"active", "paused", "archived"}
    assert sum(p["member_count"] for p in projects.json()) > 100
    stats = (await api.get("/api/v1/stats", headers=header)).json()
    assert 10 < stats["total_users"]["percent"] < 120
    assert 0 < stats["active_projects"]["before"] < stats["active_projects"]["now"]
    assert len({day["total"] for day in stats["users_by_day"]}) > 12
    for name in (made.admin, made.member):
        login = {"username": name, "password": made.password}
        assert (await api.post("/api/auth/login", json=login)).status_code == 200


async def test_the_people_of_the_demo_groups_have_their_roles(demo: Demo, api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin("groupadmin"))
    found = (await api.get("/api/v1/groups", headers=header)).json()
    assert {group["name"]: group["member_count"] for group in found} == {"Platform on-call": 6, "Auditors": 3}
    ledger = (await api.get("/api/v1/projects?search=ledger", headers=header)).json()[0]["id"]
    auditors = next(group["id"] for group in found if group["name"] == "Auditors")
    people = {row["user_id"] for row in (await api.get(f"/api/v1/groups/{auditors}/members", headers=header)).json()}
    team = {row["user_id"] for row in (await api.get(f"/api/v1/projects/{ledger}/members", headers=header)).json()}
    assert people <= team


async def test_the_demo_does_not_mix_with_real_people_unless_forced(demo):
    with pytest.raises(Conflict):
        await run(organisation.fill)
    assert (await run(organisation.fill, force=True)).users == 200


async def test_the_demo_has_a_history_that_fits_its_rows(demo: Demo) -> None:
    made = demo
    checked = await run(verify_log)
    assert (checked.fault, checked.events) == ("", made.events)
    assert (await run(recount))[1] == []
    async with reading() as session:
        counts = "SELECT (SELECT sum(value) FROM daily_metrics WHERE name = :name)"
        for name, count in (("users_created", made.users), ("projects_created", made.projects)):
            assert (await session.execute(text(counts), {"name": name})).scalar_one() == count
        jobs = await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))
        assert jobs.scalar_one() == 0
        unread = "SELECT count(*) FROM notifications WHERE read_at IS NULL"
        assert (await session.execute(text(unread))).scalar_one() > 3
        wrong = "SELECT count(*) FROM notifications WHERE created_at > now() OR read_at < created_at"
        assert (await session.execute(text(wrong))).scalar_one() == 0


async def test_the_demo_deployed_as_a_team_does(demo: Demo) -> None:
    made = demo
    async with reading() as session:

        async def count(condition: str) -> int:
            statement = f"SELECT count(*) FROM deployments JOIN projects p ON p.id = project_id WHERE {condition}"
            return int((await session.execute(text(statement))).scalar_one())

        by_day = "SELECT DISTINCT CAST(created_at AT TIME ZONE 'UTC' AS date) AS day FROM deployments ORDER BY 1"
        days = (await session.execute(text(by_day))).scalars().all()
        today = (await session.execute(text("SELECT CAST(now() AT TIME ZONE 'UTC' AS date)"))).scalar_one()
        assert (today - days[0]).days + 1 >= 120
        assert (today - days[-1]).days <= 1  # some go on at this moment, so it may have begun before midnight
        assert len(days) > 80
        every = await count("true")
        ended = await count("deployments.status IN ('succeeded', 'failed')")
        assert every == made.deployments > 500
        assert 0.08 < await count("deployments.status = 'failed'") / ended < 0.16
        assert await count("rollback_of_id IS NOT NULL") > 0
        assert await count("deployments.status = 'in_progress'") == 2
        assert await count("commit_at IS NOT NULL AND commit_at < queued_at") > 0.9 * every
        assert await count("deployments.created_at < p.created_at OR finished_at > now()") == 0
        assert await count("decided_at IS NOT NULL") > 3
        together = (
            "EXISTS (SELECT FROM deployments AS other WHERE other.environment_id = deployments.environment_id"
            " AND other.id <> deployments.id AND other.started_at <= deployments.started_at"
            " AND other.finished_at > deployments.started_at)"
        )
        assert await count(together) == 0
        counted = "(SELECT count(*) FROM deployment_logs WHERE deployment_id = deployments.id)"
        assert await count(f"log_lines <> {counted}") == 0
        assert 10 <= await count("log_lines > 100") <= 20
        matches = "type = 'deployment_' || deployments.status AND subject_id = deployments.id"
        steps = f"(SELECT count(*) FROM events WHERE {matches})"
        assert await count(f"deployments.finished_at IS NOT NULL AND {steps} <> 1") == 0


async def test_the_demo_knows_the_commits_of_its_versions(demo: Demo) -> None:
    unknown = (
        "SELECT count(*) FROM deployments WHERE NOT EXISTS "
        "(SELECT FROM commit_steps WHERE project_id = deployments.project_id AND sha = commit_sha)"
    )
    async with reading() as session:
        assert (await session.execute(text(unknown))).scalar_one() == 0


async def test_the_demo_has_comments_of_its_teams_with_mentions(demo: Demo, api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin("firstadmin"))
    member = "(SELECT FROM project_members m WHERE m.project_id = d.project_id AND m.user_id = c.user_id)"
    outside = "SELECT count(*) FROM deployment_comments c JOIN deployments d ON d.id = deployment_id WHERE NOT EXISTS "
    async with reading() as session:
        commented = await session.execute(text("SELECT DISTINCT deployment_id FROM deployment_comments"))
        threads = commented.scalars().all()
        assert (await session.execute(text(outside + member))).scalar_one() == 0
    assert len(threads) >= 4
    comments = [
        comment
        for deployment_id in threads
        for comment in (await api.get(f"/api/v1/deployments/{deployment_id}/comments", headers=header)).json()
    ]
    assert sum(len(comment["mentions"]) for comment in comments) >= 4
    assert all("{" not in comment["body"] for comment in comments)
