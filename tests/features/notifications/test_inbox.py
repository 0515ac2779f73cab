"""Notifications over REST: each user's own, and nobody else's."""

import csv

import httpx
import pytest

from tca_app.core.actor import Actor
from tca_app.core.events.log import CATALOGUE
from tca_app.features.notifications.kinds import KINDS
from tca_app.features.projects import service as projects, team
from tca_app.features.projects.schemas import MemberUpdate, ProjectUpdate, TeamMember
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tests.factories import bearer, do_jobs, make_admin, make_project, make_user, run

INBOX = "/api/v1/notifications"


async def titles(api: httpx.AsyncClient, actor: Actor, query: str = "") -> list[str]:
    answer = await api.get(f"{INBOX}{query}", headers=await bearer(actor))
    assert answer.status_code == 200, answer.text
    return [row["title"] for row in answer.json()]


def test_every_kind_is_an_event_of_the_notifications_consumer() -> None:
    told = {name for name, event in CATALOGUE.items() if "notifications" in event.consumers}
    assert set(KINDS) == told


async def test_a_new_member_is_notified_and_the_actor_is_not(api: httpx.AsyncClient) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    billing = await make_project(ana, "Billing")
    await run(team.add_member, ana, billing, TeamMember(user_id=bo.user_id, role="viewer"))
    await run(team.change_member, ana, billing, bo.user_id, MemberUpdate(role="deployer"))
    await do_jobs()
    assert await titles(api, bo) == ["Ana made you deployer of Billing", "Ana added you to Billing as viewer"]
    assert await titles(api, ana) == []
    (_, added) = (await api.get(INBOX, headers=await bearer(bo))).json()
    assert (added["link"], added["kind"], added["read_at"]) == (f"/projects/{billing}", "member_added", None)


async def test_a_team_is_notified_except_deactivated_members(api: httpx.AsyncClient) -> None:
    ana, bo, gone, stranger = [await make_user(name) for name in ("ana", "bob", "gone", "stranger")]
    billing = await make_project(ana, "Billing", team={bo: "viewer", gone: "viewer"})
    await run(users.update_user, await make_admin(), gone.user_id, UserUpdate(is_active=False))
    await run(projects.update_project, ana, billing, ProjectUpdate(status="archived"))
    await do_jobs()
    assert await titles(api, bo) == ["Ana archived Billing"]
    assert await titles(api, stranger) == []


async def test_reading_counts_down_and_touches_only_ones_own(api: httpx.AsyncClient) -> None:
    ana, bo, cy = [await make_user(name) for name in ("ana", "bob", "cleo")]
    for name in ("Billing", "Mobile", "Search"):
        project_id = await make_project(ana, name)
        for who in (bo, cy):
            await run(team.add_member, ana, project_id, TeamMember(user_id=who.user_id, role="viewer"))
    await do_jobs()
    his, hers = await bearer(bo), await bearer(cy)
    first = (await api.get(INBOX, headers=his)).json()[0]["id"]
    assert (await api.post(f"{INBOX}/{first}/read", headers=hers)).status_code == 404
    assert (await api.post(f"{INBOX}/{first}/read", headers=his)).json()["read_at"] is not None
    assert (await api.get(f"{INBOX}/count", headers=his)).json() == {"unread": 2}
    assert len(await titles(api, bo, "?unread=true")) == 2
    assert (await api.post(f"{INBOX}/read-all", headers=his)).json() == {"unread": 0}
    assert (await api.get(f"{INBOX}/count", headers=hers)).json() == {"unread": 3}


async def test_the_list_goes_on_by_cursor(api: httpx.AsyncClient) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    for number in range(3):
        project_id = await make_project(ana, f"P{number}")
        await run(team.add_member, ana, project_id, TeamMember(user_id=bo.user_id, role="viewer"))
    await do_jobs()
    header = await bearer(bo)
    page = await api.get(f"{INBOX}?limit=2&unread=true", headers=header)
    following = page.headers["link"].partition(">")[0].removeprefix("<")
    rest = await api.get(following, headers=header)
    assert [row["title"][-12:] for row in [*page.json(), *rest.json()]] == [f"P{n} as viewer" for n in (2, 1, 0)]
    assert "link" not in rest.headers


async def test_the_list_and_its_file_are_filtered_and_sorted(api: httpx.AsyncClient) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    billing, mobile = [await make_project(ana, name) for name in ("Billing", "Mobile")]
    for project_id in (billing, mobile):
        await run(team.add_member, ana, project_id, TeamMember(user_id=bo.user_id, role="viewer"))
    await run(team.change_member, ana, billing, bo.user_id, MemberUpdate(role="deployer"))
    await do_jobs()
    added, changed = "Ana added you to Billing as viewer", "Ana made you deployer of Billing"
    assert await titles(api, bo, f"?project_id={billing}&sort=id") == [added, changed]
    assert await titles(api, bo, "?kind=member_role_changed") == [changed]
    header = await bearer(bo)
    answer = await api.get(f"{INBOX}/export.csv?project_id={billing}&sort=id", headers=header)
    assert [row["title"] for row in csv.DictReader(answer.text.splitlines())] == [added, changed]
    for query in ("kind=nonsense", "sort=title"):
        assert (await api.get(f"{INBOX}?{query}", headers=header)).status_code == 422


async def test_preferences_decide_and_some_stay_on(api: httpx.AsyncClient) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    header = await bearer(bo)
    off = {"preferences": [{"kind": "member_added", "channel": "inbox", "is_on": False}]}
    rows = (await api.patch(f"{INBOX}/preferences", headers=header, json=off)).json()
    assert [row["is_on"] for row in rows if row["kind"] == "member_added"] == [False, True]
    assert not any(row["kind"] == "user_created" for row in rows)  # only for administrators
    await run(team.add_member, ana, await make_project(ana), TeamMember(user_id=bo.user_id, role="viewer"))
    await do_jobs()
    assert await titles(api, bo) == []
    for kind, channel, code, pointer in (
        ("password_changed", "mail", 409, "/preferences/0/is_on"),
        ("user_created", "mail", 403, "/preferences/0/kind"),
        ("nonsense", "mail", 422, "/preferences/0/kind"),
    ):
        change = {"preferences": [{"kind": kind, "channel": channel, "is_on": False}]}
        refused = await api.patch(f"{INBOX}/preferences", headers=header, json=change)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (code, pointer)


BY_THE_CLOCK = ("health_degraded", "health_recovered", "certificate_expiring", "token_expiring")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_words_for_it(kind: str) -> None:
    fields = {"actor": "Ana", "subject": "Billing"} | {
        name: "x" for name in CATALOGUE[kind].model_fields if name not in ("before", "after")
    }
    told = KINDS[kind].title.format_map(fields)
    assert "Billing" in told or "your" in told or "you" in told
    # Where a script acts in someone's name, they are only the messenger.
    assert ("Ana" in told) != (KINDS[kind].even_own or kind in BY_THE_CLOCK)
