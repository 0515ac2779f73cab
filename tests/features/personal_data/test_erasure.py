"""The erasure of a person: nothing of them is left in the database, and the event log is still intact."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, text, update
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Conflict, NotFound, SessionRequired
from tca_app.core.events.log import emit
from tca_app.core.events.verify import LogCheck, verify_log
from tca_app.core.jobs.queue import enqueue
from tca_app.features.auth import acting, service as auth
from tca_app.features.auth.schemas import ActingStart
from tca_app.features.deployments.events import DeploymentSucceeded
from tca_app.features.groups.events import GroupMemberAdded
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import NoteCreate
from tca_app.features.personal_data import erasure, log_erasure
from tca_app.features.projects import service as projects, team
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.projects.schemas import ProjectCreate, TeamMember, Transfer
from tca_app.features.users import service as users
from tca_app.features.users.events import UserUpdated
from tca_app.features.users.schemas import UserCreate, UserUpdate
from tca_app.models import (
    AuthSession,
    DeploymentLog,
    FreezeWindow,
    Identity,
    JobFailure,
    OneTimeToken,
    User,
    WebhookDelivery,
)
from tests.factories import (
    PASSWORD,
    bearer,
    do_jobs,
    make_admin,
    make_check,
    make_comment,
    make_delivery,
    make_deployment,
    make_factor,
    make_identity,
    make_incident,
    make_invitation,
    make_project,
    make_token,
    make_user,
    make_webhook,
    row_of,
    run,
    signed_in,
)

USERNAME, NAME, EMAIL = "zanthip77", "Zanthippa Quill", "z.quill@mail.example"
OLD_NAME, OLD_EMAIL = "Zanthippa Oldham", "z.oldham@mail.example"
LOGIN, ADDRESS, DEVICE, PHONE = "zquillhub", "203.0.113.77", "Zanthphone/7", "Zanthbook"
TRACES = (USERNAME, "zanthippa", "quill", "oldham", LOGIN, ADDRESS, "zanthphone", "zanthbook")


def path(user_id: int) -> str:
    return f"/api/v1/users/{user_id}/erase"


async def traces() -> set[tuple[str, str]]:
    """Which traces of the person are in which tables of the whole database."""
    found = set()
    async with reading() as session:
        tables = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for table in list(tables):
            dump = await session.scalar(text(f"SELECT string_agg(CAST(line AS text), ' ') FROM {table} AS line"))
            found |= {(table, trace) for trace in TRACES if trace in (dump or "").lower()}
    return found


async def checked() -> LogCheck:
    async with transaction() as session:
        return await verify_log(session)


async def user_of(person: Actor) -> dict[str, Any]:
    return await row_of(User, person.user_id)


async def make_person(api: httpx.AsyncClient, boss: Actor) -> Actor:
    """The person as an administrator creates them over REST, with another name and address, which then change."""
    body = {"email": OLD_EMAIL, "username": USERNAME, "full_name": OLD_NAME, "password": PASSWORD}
    made = await api.post("/api/v1/users", json=body, headers=await bearer(boss) | {"Idempotency-Key": "first"})
    person = Actor(made.json()["id"], USERNAME, NAME, False, ip=ADDRESS)
    for password in ("wrong", PASSWORD):
        login = {"username": USERNAME, "password": password}
        await api.post("/api/auth/login", json=login, headers={"User-Agent": DEVICE})
    await run(users.update_user, boss, person.user_id, UserUpdate(email=EMAIL, full_name=NAME))
    signed, _ = await signed_in(person)
    return replace(signed, ip=ADDRESS)


async def work_with(person: Actor, boss: Actor) -> None:
    """What the person and others do with each other, and the copies that are made of it."""
    own = await run(projects.create_project, person, ProjectCreate(name="Sandbox"))
    await run(projects.transfer_project, person, own.id, Transfer(user_id=boss.user_id))
    project_id = await make_project(boss, "Ledger")
    await run(team.add_member, boss, project_id, TeamMember(user_id=person.user_id, role="maintainer"))
    await make_factor(person, name=PHONE)
    await make_token(person, name=PHONE)
    identity_id = await make_identity(person)
    await make_invitation(boss, OLD_EMAIL)
    await make_invitation(person, "friend@example.com")
    about = f"Ask {NAME.upper()} ({EMAIL})"
    deployment_id = await make_deployment(project_id, reporter=LOGIN.title(), description=about, source="github")
    await make_comment(boss, deployment_id, f"@{USERNAME} and @{USERNAME.upper()}: {about}")
    await make_comment(person, deployment_id, about)
    incident_id = await make_incident(await make_check(project_id))
    await run(incidents.add_note, person, incident_id, NoteCreate(note=about))
    named = {"user_id": person.user_id, "user_name": NAME}
    of_deployment = {"subject_name": "Ledger 1 to production", "deployed_version": "1", "environment": "production"}
    async with transaction() as session:
        await session.execute(update(Identity).where(col(Identity.id) == identity_id).values(name=LOGIN))
        await emit(session, boss, GroupMemberAdded(subject_id=1, subject_name="Platform", **named))
        await emit(session, boss, ProjectUpdated(subject_id=1, subject_name="Ledger", after={"description": about}))
        done = DeploymentSucceeded(subject_id=deployment_id, **of_deployment, source="github", reporter=LOGIN)
        await emit(session, None, done)
        window = {"starts_at": datetime.now(UTC), "ends_at": datetime.now(UTC) + timedelta(hours=1)}
        await session.execute(insert(FreezeWindow).values(project_id=project_id, why=about, **window))
        await session.execute(insert(DeploymentLog).values(deployment_id=deployment_id, seq=1, line=about))
        await session.execute(insert(JobFailure).values(job_id=1, attempt=1, error=f"550 <{EMAIL}> is unknown"))
        pending = {"purpose": "reset", "token_hash": b"x", "email": EMAIL, "expires_at": datetime.now(UTC)}
        await session.execute(insert(OneTimeToken).values(pending))
        reason = {"revoked_reason": f"ended by {USERNAME}", "revoked_at": datetime.now(UTC)}
        await session.execute(update(AuthSession).where(col(AuthSession.user_id) == boss.user_id).values(reason))
        await session.execute(update(AuthSession).where(col(AuthSession.user_id) == person.user_id).values(ip=ADDRESS))
    await do_jobs()
    hook = await make_webhook(boss, project_id=project_id)  # only now, so that nothing is sent
    delivery_id = await make_delivery(hook.id)
    async with transaction() as session:
        sent = {"request_body": f'{{"subject_name": "{NAME}"}}', "request_headers": {"webhook-signature": "v1,x"}}
        event_id = await session.scalar(text("SELECT id FROM events WHERE type = 'member_added'"))
        done_delivery = update(WebhookDelivery).where(col(WebhookDelivery.id) == delivery_id)
        await session.execute(done_delivery.values(event_id=event_id, **sent))
        items = [{"subject_name": NAME, "data": {"after": {"email": EMAIL}}, "title": f"{NAME} signed in"}]
        await enqueue(session, "call_service", 3600, service="user", key="x", items=items)
        await enqueue(session, "send_reset_link", 3600, email=EMAIL)


async def test_nothing_of_the_person_is_left_and_the_log_is_intact(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_erasure, "BATCH", 5)
    boss, other = await make_admin("boss"), await make_admin("other")
    person = await make_person(api, boss)
    await work_with(person, boss)
    before = await checked()
    assert before.fault == ""
    wide = {table for table, _ in await traces()}
    assert {"events", "users", "notifications", "procrastinate_jobs", "idempotency_keys", "webhook_deliveries"} <= wide

    answer = await api.post(path(person.user_id), headers=await bearer(boss))
    assert answer.status_code == 204, answer.text
    # The output of CI is the one place where the person may still stand, as docs/personal-data.md says.
    assert {table for table, _ in await traces()} == {"deployment_logs"}
    after = await checked()
    assert (after.fault, after.erased > 10, after.events > before.events) == ("", True, True)

    row = await user_of(person)
    names = (row["username"], row["email"], row["full_name"])
    assert names == (f"erased-{person.user_id}", f"erased-{person.user_id}", f"Erased user {person.user_id}")
    await do_jobs()
    assert {table for table, _ in await traces()} == {"deployment_logs"}
    assert (await row_of(User, other.user_id))["full_name"] == "Other"


async def test_events_keep_what_happened_and_who_else_did_it() -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    project_id = await make_project(boss, "Banana")  # the username is in this word
    viewer = TeamMember(user_id=ana.user_id, role="viewer")
    await run(team.add_member, replace(boss, ip="192.0.2.1"), project_id, viewer)
    await run(erasure.erase_user, boss, ana.user_id)
    async with reading() as session:
        columns = "type, subject_name, actor_id, actor_name, ip, data ->> 'user_name', data ->> 'role', sequence"
        events = (await session.execute(text(f"SELECT {columns} FROM events ORDER BY id"))).all()
    label = f"Erased user {ana.user_id}"
    assert tuple(events[0]) == ("member_added", "Banana", boss.user_id, "Boss", "192.0.2.1", label, "viewer", 1)
    assert tuple(events[-1])[:4] == ("user_erased", label, boss.user_id, "Boss")


async def test_people_erase_themselves_and_are_signed_out(api: httpx.AsyncClient) -> None:
    await make_admin()
    ana, header = await signed_in(await make_user("ana"))
    _, token = await make_token(ana)
    assert (await api.post(path(ana.user_id), headers=header)).status_code == 204
    for credentials in (header, token):
        assert (await api.get("/api/v1/users/me", headers=credentials)).status_code == 401
    login = {"username": f"erased-{ana.user_id}", "password": PASSWORD}
    assert (await api.post("/api/auth/login", json=login)).status_code in (401, 422)
    async with reading() as session:
        actor = text("SELECT actor_id, actor_name, ip FROM events WHERE type = 'user_erased'")
        assert tuple((await session.execute(actor)).one()) == (ana.user_id, f"Erased user {ana.user_id}", "")
    again = await make_user("ana")  # the name is free
    assert again.user_id != ana.user_id


async def test_only_the_person_and_administrators_erase_and_only_once(api: httpx.AsyncClient) -> None:
    ana, bob, boss = await make_user("ana"), await make_user("bob"), await make_admin()
    assert (await api.post(path(ana.user_id), headers=await bearer(bob))).status_code == 404
    boss, header = await signed_in(boss)
    _, token = await make_token(boss, scopes=["admin"])
    assert (await api.post(path(ana.user_id), headers=token)).status_code == 403
    with pytest.raises(SessionRequired):
        await run(erasure.erase_user, replace(boss, scopes=frozenset({"admin"})), ana.user_id)
    async with transaction() as session:
        await session.execute(update(AuthSession).values(verified_at=datetime.now(UTC) - timedelta(hours=1)))
    answer = await api.post(path(ana.user_id), headers=header)
    assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")
    assert (await user_of(ana))["username"] == "ana"
    header = await bearer(boss)
    answers = await asyncio.gather(*(api.post(path(ana.user_id), headers=header) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404, 404]
    assert (await checked()).fault == ""


async def test_an_administrator_who_acts_as_a_user_does_not_erase_them() -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    done = await run(auth.open_session, boss.user_id, auth.Client(ip="127.0.0.1"), "browser")
    async with reading() as session:
        caller = await auth.resolve_browser(session, done.cookie)
    assert caller is not None
    await run(acting.start_acting, caller.actor, ana.user_id, ActingStart(reason="Ticket"))
    async with reading() as session:
        caller = await auth.resolve_browser(session, done.cookie)
    assert caller is not None
    with pytest.raises(AppError, match="act as another user"):
        await run(erasure.erase_user, caller.actor, ana.user_id)
    await run(emit, caller.actor, UserUpdated(subject_id=boss.user_id, subject_name="Boss"))
    await run(erasure.erase_user, boss, ana.user_id)
    async with reading() as session:
        names = await session.scalars(text("SELECT actor_name FROM events WHERE type = 'user_updated'"))
        assert list(names) == [f"Boss (acting as Erased user {ana.user_id})"]


async def test_the_last_administrator_and_owners_stay() -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    with pytest.raises(Conflict, match="last active administrator"):
        await run(erasure.erase_user, boss, boss.user_id)
    for number in range(6):
        await make_project(ana, f"Project {number} of hers", deleted_at=datetime.now(UTC) if number else None)
    with pytest.raises(Conflict, match=r"owns Project 0 of hers, .*Project 4 of hers and 1 more"):
        await run(erasure.erase_user, boss, ana.user_id)
    assert (await user_of(ana))["username"] == "ana"


async def test_an_erased_account_is_in_no_list_and_never_comes_back(api: httpx.AsyncClient) -> None:
    ana, boss = await make_user("ana", deleted_at=datetime.now(UTC) - timedelta(days=40)), await make_admin()
    header = await bearer(boss)
    await run(erasure.erase_user, boss, ana.user_id)
    for query in ("deleted=true", "deleted=false"):
        found = (await api.get(f"/api/v1/users?{query}", headers=header)).json()
        assert ana.user_id not in {user["id"] for user in found}
    with pytest.raises(NotFound):
        await run(users.restore_user, boss, ana.user_id)
    assert (await api.get(f"/api/v1/users/{ana.user_id}", headers=header)).status_code == 404


async def test_what_was_still_being_written_is_erased_later() -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    await run(erasure.erase_user, boss, ana.user_id)
    await run(emit, replace(ana, ip=ADDRESS), ProjectUpdated(subject_id=1, subject_name="Ledger"))
    await run(erasure.erase_remains, ana.user_id)
    async with reading() as session:
        late = text("SELECT actor_name, ip FROM events WHERE type = 'project_updated'")
        assert tuple((await session.execute(late)).one()) == (f"Erased user {ana.user_id}", "")
    assert (await checked()).fault == ""
    count = "SELECT count(*) FROM events WHERE type = 'user_erased'"
    async with reading() as session:
        assert await session.scalar(text(count)) == 2
    await run(erasure.erase_remains, ana.user_id)
    async with reading() as session:
        assert await session.scalar(text(count)) == 2, "there was nothing left"


async def test_two_people_of_one_event_are_erased_one_after_the_other() -> None:
    boss, ana, bob = await make_admin("boss"), await make_user("ana"), await make_user("bob")
    project_id = await make_project(ana, "Ledger")
    await run(team.add_member, ana, project_id, TeamMember(user_id=bob.user_id, role="viewer"))
    await run(projects.transfer_project, boss, project_id, Transfer(user_id=boss.user_id))
    await asyncio.gather(*(run(erasure.erase_user, boss, person.user_id) for person in (ana, bob)))
    async with reading() as session:
        both = text("SELECT actor_name, data ->> 'user_name' FROM events WHERE type = 'member_added'")
        names = tuple((await session.execute(both)).one())
    assert names == (f"Erased user {ana.user_id}", f"Erased user {bob.user_id}")
    assert (await checked()).fault == ""


async def test_the_total_of_users_follows(api: httpx.AsyncClient) -> None:
    boss = await make_admin("boss")
    for username in ("ana", "bob"):
        data = UserCreate(email=f"{username}@example.com", username=username, password=PASSWORD)
        made = await run(users.create_user, boss, data)
        if username == "bob":
            await run(users.delete_user, boss, made.id)
        await run(erasure.erase_user, boss, made.id)
    await do_jobs()
    async with reading() as session:
        total = text("SELECT sum(value) FROM daily_metrics WHERE name = 'users_total'")
        assert await session.scalar(total) == 0
