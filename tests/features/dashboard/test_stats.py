"""The dashboard's figures, checked against rows with known dates."""

from datetime import UTC, datetime, timedelta

from tca_app.features.projects import service as projects
from tca_app.features.projects.events import (
    MemberAdded,
    ProjectArchived,
    ProjectCreated,
    ProjectDeleted,
    ProjectUpdated,
)
from tca_app.features.projects.schemas import ProjectCreate, ProjectUpdate
from tca_app.features.users.events import UserCreated, UserDeleted
from tests.factories import bearer, do_jobs, happened, make_admin, make_deployment, make_project, make_user, run
from tests.statements import statements

STATS = "/api/v1/stats"


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


async def test_users_are_counted_as_they_were(api):
    admin = await make_user("root", is_superuser=True, created_at=ago(100))
    for _ in range(3):
        await make_user()
    for days in (60, 60, 45, 20, 20, 0):
        await happened(days, UserCreated)
    for days in (40, 15, 10):
        await happened(days, UserDeleted)
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
    await happened(0, UserCreated)
    stats = (await api.get(STATS, headers=await bearer(admin))).json()
    assert stats["total_users"] == {"now": 1, "before": 0, "percent": None}
    assert stats["active_projects"] == {"now": 0, "before": 0, "percent": None}
    assert stats["newest_projects"] == []


async def test_active_projects_are_counted_as_they_were(api):
    owner = await make_admin()
    await make_project(owner, created_at=ago(50))
    await make_project(owner, created_at=ago(50), status="archived")
    newest = await make_project(owner, "Newest")
    paused = {"before": {"status": "active"}, "after": {"status": "paused"}}
    woken = {"before": {"status": "paused"}, "after": {"status": "active"}}
    await happened(50, ProjectCreated, after={"status": "active"})
    await happened(25, ProjectUpdated, **paused)
    await happened(20, ProjectUpdated, **woken)
    await happened(15, ProjectArchived, before={"status": "active"}, after={"status": "archived"})
    await happened(12, ProjectDeleted, status="archived")
    await happened(11, ProjectDeleted, status="active")
    await happened(10, ProjectUpdated, before={"name": "Old"}, after={"name": "New"})
    await happened(0, ProjectCreated, after={"status": "active"})
    stats = (await api.get(STATS, headers=await bearer(owner))).json()
    assert stats["active_projects"] == {"now": 2, "before": 3, "percent": -33.3}
    assert (stats["newest_projects"][0]["id"], len(stats["newest_projects"])) == (newest, 3)
    assert stats["newest_projects"][0]["owner"]["id"] == owner.user_id


async def test_the_past_is_what_people_did_and_not_what_rows_say_today(api):
    """Through the services and the worker: created, archived, woken, deleted and restored, and back at the start."""
    admin = await make_admin()
    header = await bearer(admin)
    made = await run(projects.create_project, admin, ProjectCreate(name="Billing"))
    for status in ("paused", "active", "archived", "active"):
        await run(projects.update_project, admin, made.id, ProjectUpdate(status=status))
    await run(projects.delete_project, admin, made.id)
    await do_jobs()
    stats = (await api.get(STATS, headers=header)).json()
    assert stats["active_projects"] == {"now": 0, "before": 0, "percent": None}
    await run(projects.restore_project, admin, made.id)
    await do_jobs()
    stats = (await api.get(STATS, headers=header)).json()
    assert stats["active_projects"] == {"now": 1, "before": 0, "percent": None}


async def test_a_member_sees_own_projects_and_no_people(api):
    other, member = await make_user(), await make_user()
    await make_project(other)
    shared = await make_project(other, team={member: "viewer"})
    stats = (await api.get(STATS, headers=await bearer(member))).json()
    assert (stats["total_users"], stats["users_by_day"], stats["newest_users"]) == (None, [], [])
    assert stats["active_projects"]["now"] == 1
    assert [p["id"] for p in stats["newest_projects"]] == [shared]


async def test_a_member_sees_the_whole_past_of_own_projects(api):
    """Also of one that they joined today; and nothing of other people's projects, nor of what they left."""
    owner, member = await make_user(), await make_user()
    team = {member: "viewer"}
    archived = await make_project(owner, "Archived", team, status="archived")
    joined = await make_project(owner, "Joined today", team)
    in_trash = await make_project(owner, "In the trash", team, deleted_at=ago(3))
    foreign = await make_project(owner, "Of others", status="archived")
    gone = {"before": {"status": "active"}, "after": {"status": "archived"}}
    for project_id in (archived, joined, in_trash, foreign):
        await happened(50, ProjectCreated, subject_id=project_id, after={"status": "active"})
    await happened(6, ProjectArchived, subject_id=archived, **gone)
    await happened(4, ProjectArchived, subject_id=foreign, **gone)
    await happened(3, ProjectDeleted, subject_id=in_trash, status="active")
    await happened(0, MemberAdded, subject_id=joined, user_id=member.user_id, user_name="x", role="viewer")
    header = await bearer(member)
    stats = (await api.get(f"{STATS}?days=7", headers=header)).json()
    assert stats["active_projects"] == {"now": 1, "before": 3, "percent": -66.7}
    assert [day["total"] for day in stats["projects_by_day"]] == [2, 2, 2, 1, 1, 1, 1]
    quarter = (await api.get(f"{STATS}?days=90", headers=header)).json()
    assert quarter["active_projects"] == {"now": 1, "before": 0, "percent": None}
    assert [day["total"] for day in quarter["projects_by_day"]] == [0] * 39 + [3] * 44 + [2] * 3 + [1] * 4


async def test_what_goes_on_tells_how_long_the_last_five_good_ones_took_there(api):
    owner = await make_user()
    project_id = await make_project(owner)
    for hours, minutes, status in (
        (9, 90, "succeeded"),
        (7, 1, "failed"),
        *((h, h, "succeeded") for h in range(6, 1, -1)),
    ):
        end = datetime.now(UTC) - timedelta(hours=hours)
        begin = end - timedelta(minutes=minutes)
        await make_deployment(project_id, status=status, queued_at=begin, started_at=begin, finished_at=end)
    going_on = await make_deployment(project_id, status="in_progress")
    first = await make_deployment(project_id, "staging", status="in_progress")
    stats = (await api.get(STATS, headers=await bearer(owner))).json()
    assert [(row["id"], row["usual_s"]) for row in stats["deploying"]] == [(first, None), (going_on, 240.0)]


async def test_a_request_for_the_dashboard_asks_at_most_eight_questions(api):
    """The whole request, and no more of them for people with many projects."""
    admin, member = await make_admin(), await make_user()
    for _ in range(12):
        await make_deployment(await make_project(member), status="succeeded")
    for viewer in (admin, member):
        header = await bearer(viewer)
        with statements() as asked:
            assert (await api.get(STATS, headers=header)).status_code == 200
        assert 0 < len(asked) <= 8, asked
