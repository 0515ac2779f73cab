"""The demo data looks like a grown organisation, keeps the product's rules, and never mixes with real people."""

import pytest

from tca_app import demo
from tca_app.core.errors import Conflict
from tests.factories import bearer, make_admin, make_user, run


async def test_the_demo_fills_lists_charts_and_trends(api):
    admin = await make_admin("firstadmin")
    made = await run(demo.fill)
    header = await bearer(admin)
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


async def test_the_demo_does_not_mix_with_real_people_unless_forced():
    await make_admin()
    await make_user()
    with pytest.raises(Conflict):
        await run(demo.fill)
    assert (await run(demo.fill, force=True)).users == 200
    assert (await run(demo.fill, force=True)).users == 200
