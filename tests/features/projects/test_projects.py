"""Projects over REST: create, list, update, transfer, delete and restore."""

import asyncio

import pytest

from tca_app.core.errors import Stale
from tca_app.features.projects import service
from tca_app.features.projects.schemas import ProjectBulk, ProjectCreate, ProjectUpdate
from tca_app.models import Project
from tests.factories import bearer, make_admin, make_project, make_user, row_of, run

PROJECTS = "/api/v1/projects"


async def test_whoever_creates_a_project_owns_it(api):
    owner, helper = await make_user("ana"), await make_user()
    body = {
        "name": "Bílling API",
        "description": "Invoices",
        "repository_url": "https://git.example.com/b",
        "team_members": [{"user_id": helper.user_id, "role": "deployer"}],
    }
    made = await api.post(PROJECTS, json=body, headers=await bearer(owner))
    assert made.status_code == 201
    project = made.json()
    assert made.headers["Location"] == f"{PROJECTS}/{project['id']}"
    assert made.headers["ETag"] == '"1"'
    assert (project["slug"], project["status"], project["my_role"]) == ("billing-api", "active", "owner")
    assert project["owner"] == {"id": owner.user_id, "username": "ana", "full_name": "Ana"}
    assert project["member_count"] == 2
    read = await api.get(f"{PROJECTS}/{project['id']}", headers=await bearer(helper))
    assert read.json() == project | {"my_role": "deployer"}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Billing API!", "billing-api"),
        ("  Ünïted  ", "united"),
        ("日本", "project"),
        ("--A--", "a"),
        ("x" * 100, "x" * 90),
    ],
)
async def test_a_slug_is_made_from_the_name(name, slug):
    made = await run(service.create_project, await make_user(), ProjectCreate(name=name))
    assert made.slug == slug


async def test_equal_names_get_numbered_slugs_also_in_a_race():
    owner = await make_user()
    await make_project(owner, "Other", slug="api-10x")
    made = await asyncio.gather(*(run(service.create_project, owner, ProjectCreate(name="API")) for _ in range(12)))
    assert {p.slug for p in made} == {"api", *(f"api-{n}" for n in range(2, 13))}


async def test_a_given_slug_is_given_once(api):
    header = await bearer(await make_user())
    bodies = [{"name": f"P{n}", "slug": "same"} for n in range(10)]
    answers = await asyncio.gather(*(api.post(PROJECTS, json=body, headers=header) for body in bodies))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 9
    assert {a.json()["errors"][0]["pointer"] for a in answers if a.status_code == 409} == {"/slug"}


async def test_a_team_of_people_who_cannot_be_in_it_is_refused_at_each_of_them(api):
    owner, fine = await make_user(), await make_user()
    inactive = await make_user(is_active=False)
    ids = [fine.user_id, inactive.user_id, 999999, owner.user_id, fine.user_id]
    body = {"name": "P", "team_members": [{"user_id": i} for i in ids]}
    refused = await api.post(PROJECTS, json=body, headers=await bearer(owner))
    assert refused.status_code == 409
    pointers = [fault["pointer"] for fault in refused.json()["errors"]]
    assert pointers == [f"/team_members/{n}/user_id" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("role", ["owner", "boss", ""])
async def test_nobody_is_made_an_owner_through_the_team(api, role):
    owner, other = await make_user(), await make_user()
    body = {"name": "P", "team_members": [{"user_id": other.user_id, "role": role}]}
    assert (await api.post(PROJECTS, json=body, headers=await bearer(owner))).status_code == 422


async def test_a_list_shows_and_counts_only_what_is_the_viewers(api):
    admin, mine, other = await make_admin(), await make_user("mona"), await make_user("otto")
    await make_project(mine, "Mine")
    await make_project(other, "Shared", team={mine: "viewer"})
    await make_project(other, "Secret")

    async def listed(who, query: str = "") -> set[str]:
        page = await api.get(f"{PROJECTS}?{query}", headers=await bearer(who))
        assert int(page.headers["X-Total-Count"]) == len(page.json())
        return {p["name"] for p in page.json()}

    assert await listed(mine) == {"Mine", "Shared"}
    assert await listed(mine, "search=secret") == set()
    assert await listed(mine, f"owner_id={other.user_id}") == {"Shared"}
    assert await listed(admin) == {"Mine", "Shared", "Secret"}
    assert await listed(admin, "mine=true") == set()
    assert await listed(admin, f"member_id={mine.user_id}") == {"Mine", "Shared"}
    assert await listed(mine, f"member_id={other.user_id}") == {"Shared"}
    assert await listed(other, "mine=true") == {"Shared", "Secret"}


async def test_search_status_and_order(api):
    owner = await make_user()
    await make_project(owner, "Zürich 100%", slug="zurich")
    await make_project(owner, "alpha_one", slug="alpha-one", status="paused")
    await make_project(owner, "Beta", status="archived")
    header = await bearer(owner)

    async def names(**query: str) -> list[str]:
        return [p["name"] for p in (await api.get(PROJECTS, params=query, headers=header)).json()]

    assert await names(search="ZURI") == ["Zürich 100%"]
    assert await names(search="%") == ["Zürich 100%"]
    assert await names(search="_") == ["alpha_one"]
    assert await names(status="archived") == ["Beta"]
    assert await names(sort="name") == ["alpha_one", "Beta", "Zürich 100%"]
    assert await names(sort="-name") == ["Zürich 100%", "Beta", "alpha_one"]
    assert await names(skip="1", limit="1", sort="name") == ["Beta"]
    for query in ("sort=owner_id", "status=gone", "limit=0", "colour=red"):
        assert (await api.get(f"{PROJECTS}?{query}", headers=header)).status_code == 422


async def test_a_page_behind_the_end_still_knows_the_total(api):
    owner = await make_user()
    await make_project(owner)
    page = await api.get(f"{PROJECTS}?skip=50", headers=await bearer(owner))
    assert (page.json(), page.headers["X-Total-Count"]) == ([], "1")


@pytest.mark.parametrize(
    ("role", "change", "status"),
    [
        ("viewer", {"description": "x"}, 403),
        ("deployer", {"description": "x"}, 403),
        ("maintainer", {"description": "x", "repository_url": "https://x.example", "status": "paused"}, 200),
        ("maintainer", {"name": "x"}, 403),
        ("maintainer", {"slug": "x"}, 403),
        ("maintainer", {"status": "archived"}, 403),
        ("owner", {"name": "x", "slug": "x", "status": "archived"}, 200),
        ("superuser", {"name": "x", "slug": "x", "status": "archived"}, 200),
    ],
)
async def test_each_role_changes_what_is_its_own(api, role, change, status):
    owner, other = await make_user(), await make_user()
    project = await make_project(owner, team={other: role} if role in ("viewer", "deployer", "maintainer") else {})
    who = {"owner": owner, "superuser": await make_admin()}.get(role, other)
    before = await row_of(Project, project)
    answer = await api.patch(f"{PROJECTS}/{project}", json=change, headers=await bearer(who))
    assert answer.status_code == status, answer.text
    after = await row_of(Project, project)
    assert {name: after[name] for name in change} == (change if status == 200 else {n: before[n] for n in change})


async def test_a_maintainer_may_send_a_form_whose_name_is_unchanged(api):
    owner, keeper = await make_user(), await make_user()
    project = await make_project(owner, "Same", team={keeper: "maintainer"})
    change = {"name": "Same", "description": "new"}
    answer = await api.put(f"{PROJECTS}/{project}", json=change, headers=await bearer(keeper))
    assert answer.json()["description"] == "new"


async def test_an_archived_project_is_opened_again_by_its_owner_only(api):
    owner, keeper = await make_user(), await make_user()
    project = await make_project(owner, team={keeper: "maintainer"}, status="archived")
    for who, status in ((keeper, 403), (owner, 200)):
        answer = await api.patch(f"{PROJECTS}/{project}", json={"status": "active"}, headers=await bearer(who))
        assert answer.status_code == status


async def test_a_stale_edit_names_the_field_and_who_changed_it(api):
    owner, admin = await make_user("pia"), await make_admin()
    project = await make_project(owner, "First")
    await api.patch(f"{PROJECTS}/{project}", json={"name": "Second"}, headers=await bearer(owner))
    mine = {"name": "Third", "description": ""}
    late = await api.patch(f"{PROJECTS}/{project}", json=mine, headers=await bearer(admin) | {"If-Match": '"1"'})
    assert late.status_code == 412
    assert late.json()["detail"] == "Pia changed this after you opened it."
    assert late.json()["errors"] == [{"pointer": "/name", "detail": 'This is now "Second".'}]
    for method, url in (("DELETE", f"{PROJECTS}/{project}"),):
        answer = await api.request(method, url, headers=await bearer(owner) | {"If-Match": '"1"'})
        assert answer.status_code == 412
    with pytest.raises(Stale) as stale:
        await run(service.update_project, admin, project, ProjectUpdate(name="Third"), 1)
    assert [(c.field, c.current, c.changed_by) for c in stale.value.changes] == [("name", "Second", "Pia")]


async def test_a_project_goes_to_the_trash_and_back_with_its_team(api):
    admin, owner, keeper = await make_admin(), await make_user(), await make_user()
    project = await make_project(owner, "Gone", team={keeper: "maintainer"})
    url, header = f"{PROJECTS}/{project}", await bearer(owner)
    assert (await api.delete(url, headers=await bearer(keeper))).status_code == 403
    assert (await api.delete(url, headers=header)).status_code == 204
    for method, body in (("GET", None), ("PATCH", {"description": "x"}), ("DELETE", None)):
        assert (await api.request(method, url, json=body, headers=header)).status_code == 404
    assert (await api.get(f"{url}/members", headers=header)).status_code == 404
    assert (await api.get(PROJECTS, headers=header)).json() == []
    for who, count in ((owner, 1), (admin, 1), (keeper, 0)):
        trash = await api.get(f"{PROJECTS}?deleted=true", headers=await bearer(who))
        assert (len(trash.json()), trash.headers["X-Total-Count"]) == (count, str(count))
    taken = await api.post(PROJECTS, json={"name": "New", "slug": "gone"}, headers=header)
    assert taken.status_code == 409
    assert (await api.post(f"{url}/restore", headers=await bearer(keeper))).status_code == 403
    back = await api.post(f"{url}/restore", headers=header)
    assert (back.status_code, back.json()["member_count"], back.json()["deleted_at"]) == (200, 2, None)
    assert (await api.post(f"{url}/restore", headers=header)).status_code == 404


async def test_a_bulk_act_does_what_it_may_and_reports_the_rest():
    owner, other = await make_user(), await make_user()
    mine = await make_project(owner)
    watched, foreign = await make_project(other, team={owner: "viewer"}), await make_project(other)
    results = await run(service.bulk_projects, owner, ProjectBulk(action="archive", ids=[foreign, mine, watched]))
    assert [(r.id, r.ok) for r in results] == [(foreign, False), (mine, True), (watched, False)]
    assert results[0].detail != results[2].detail
    assert (await row_of(Project, mine))["status"] == "archived"
    deleted = await run(service.bulk_projects, owner, ProjectBulk(action="delete", ids=[mine]))
    restored = await run(service.bulk_projects, owner, ProjectBulk(action="restore", ids=[mine]))
    assert deleted[0].ok
    assert restored[0].ok


async def test_the_same_key_makes_one_project(api):
    header = await bearer(await make_user()) | {"Idempotency-Key": "k-1"}
    first = await api.post(PROJECTS, json={"name": "Once"}, headers=header)
    again = await api.post(PROJECTS, json={"name": "Once"}, headers=header)
    other = await api.post(PROJECTS, json={"name": "Twice"}, headers=header)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "a\x00b"},
        {"name": "x" * 101},
        {"name": 5},
        {"name": "P", "slug": "Not A Slug"},
        {"name": "P", "status": "broken"},
        {"name": "P", "repository_url": "javascript:alert(1)"},
        {"name": "P", "description": "x" * 2001},
        {"name": "P", "team_members": [{"user_id": 2**63}]},
        {"name": "P", "team_members": [{"user_id": 1}] * 101},
        {"name": "P", "owner_id": 1},
    ],
)
async def test_bad_input_is_refused_with_a_pointer(api, body):
    answer = await api.post(PROJECTS, json=body, headers=await bearer(await make_user()))
    assert answer.status_code == 422
    assert answer.json()["errors"]
