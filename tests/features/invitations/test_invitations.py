"""Invitations: administrators, and maintainers into their project, let people in by a link that works once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text, update
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core import instance
from tca_app.core.actor import Actor
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import dry_run, transaction
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.invitations import bulk
from tca_app.features.invitations.events import masked
from tca_app.features.retention import service as retention
from tca_app.models import AuthSession, Invitation, LoggedEvent, ProjectMember, User
from tests.factories import bearer, make_admin, make_invitation, make_project, make_user, signed_in
from tests.mailbox import Mailbox, mailbox
from tests.ui.harness import sign_in

__all__ = ["mailbox"]
URL, PUBLIC = "/api/v1/invitations", "/api/auth/invitations"
ORIGIN = {"Origin": "http://localhost:8000"}
PASSWORD = "Violet-Train-17"


@pytest.fixture(autouse=True)
async def _fresh_limits() -> None:
    await get_redis().flushdb()


async def invite(api: httpx.AsyncClient, header: dict[str, str], *emails: str, **body: Any) -> httpx.Response:
    return await api.post(URL, json={"emails": list(emails), **body}, headers=header)


async def accept(api: httpx.AsyncClient, token: str, username: str = "newbie", **body: Any) -> httpx.Response:
    body = {"token": token, "username": username, "full_name": "New Person", "password": PASSWORD} | body
    return await api.post(f"{PUBLIC}/accept", json=body, headers=ORIGIN)


async def join(api: httpx.AsyncClient, token: str, who: Actor | None) -> httpx.Response:
    cookie = {"Cookie": f"sid={await sign_in(who)}"} if who else {}
    return await api.post(f"{PUBLIC}/join", json={"token": token}, headers=ORIGIN | cookie)


async def states(api: httpx.AsyncClient, header: dict[str, str], query: str = "") -> dict[str, str]:
    answer = await api.get(URL + query, headers=header)
    assert answer.status_code == 200, answer.text
    return {row["email"]: row["state"] for row in answer.json()}


async def role_in(project_id: int, email: str) -> str | None:
    async with transaction() as session:
        rows = select(ProjectMember.role).join(User, User.id == ProjectMember.user_id)
        rows = rows.where(ProjectMember.project_id == project_id, User.email == email)
        return (await session.execute(rows)).scalar_one_or_none()


async def change_invitations(**values: Any) -> None:
    async with transaction() as session:
        await session.execute(update(Invitation).values(values))


async def test_an_administrator_invites_and_the_person_makes_the_account(
    api: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    admin = await bearer(await make_admin("ada"))
    sent = await invite(api, admin, "New@Example.com")
    assert sent.status_code == 201, sent.text
    assert (sent.json()["secret_links"], sent.json()["invitations"][0]["state"]) == (None, "pending")
    (mail,) = await mailbox.deliver()
    assert (mail.to, mail.subject) == ("new@example.com", "Ada invited you to TCA InfraForge")
    assert "Ada entered your address" in mail.text
    shown = await api.post(f"{PUBLIC}/lookup", json={"token": mail.token}, headers=ORIGIN)
    assert (shown.json()["email"], shown.json()["invited_by"], shown.json()["has_account"]) == (
        "new@example.com",
        "Ada",
        False,
    )
    answer = await accept(api, mail.token)
    assert (answer.status_code, "sid" in answer.cookies) == (204, True), answer.text
    assert await states(api, admin) == {"new@example.com": "accepted"}
    async with transaction() as session:
        made = (await session.execute(select(User).where(User.email == "new@example.com"))).scalar_one()
        assert (made.username, made.is_superuser) == ("newbie", False)
        types = (await session.execute(select(LoggedEvent.type).order_by(LoggedEvent.id))).scalars().all()
    assert {"user_invited", "user_created", "invitation_accepted", "user_logged_in"} <= set(types)


async def test_a_maintainer_invites_into_the_project(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    owner, mia = await make_user(), await make_user("mia")
    project_id = await make_project(owner, "Ledger", team={mia: "maintainer"})
    header = await bearer(mia)
    assert (await invite(api, header, "x@example.com", project_id=project_id, role="deployer")).status_code == 201
    (mail,) = await mailbox.deliver()
    assert mail.subject == "Mia invited you to Ledger"
    assert f"next=/projects/{project_id}" in mail.text
    assert await states(api, header, f"?project_id={project_id}&state=pending") == {"x@example.com": "pending"}
    assert (await accept(api, mail.token)).status_code == 204
    assert await role_in(project_id, "x@example.com") == "deployer"


async def test_nobody_grants_more_than_they_may(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    owner, mia, vic = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, team={mia: "maintainer", vic: "viewer"})
    (_, as_owner), (_, as_mia), (_, as_vic) = [await signed_in(who) for who in (owner, mia, vic)]
    stranger = await bearer(await make_user())
    into = {"project_id": project_id, "role": "maintainer"}
    assert (await invite(api, as_mia, "x@example.com")).status_code == 403
    assert (await invite(api, as_mia, "x@example.com", **into)).status_code == 403
    assert (await invite(api, as_vic, "x@example.com", **into | {"role": "viewer"})).status_code == 403
    assert (await invite(api, stranger, "x@example.com", **into)).status_code == 404
    assert (await invite(api, as_owner, "x@example.com", **into | {"role": "owner"})).status_code == 422
    assert (await invite(api, as_owner, "x@example.com", project_id=project_id)).status_code == 422
    made = await invite(api, as_owner, "x@example.com", **into)
    invitation_id = made.json()["invitations"][0]["id"]
    # A maintainer neither lowers, resends nor revokes what only an owner may grant.
    assert (await invite(api, as_mia, "x@example.com", **into | {"role": "viewer"})).status_code == 403
    assert (await api.post(f"{URL}/{invitation_id}/resend", headers=as_mia)).status_code == 403
    assert (await api.delete(f"{URL}/{invitation_id}", headers=as_mia)).status_code == 403
    assert (await api.get(URL, headers=as_owner)).status_code == 403
    assert (await api.get(f"{URL}?project_id={project_id}", headers=as_vic)).status_code == 403
    assert len(await mailbox.deliver()) == 1


async def test_making_maintainers_needs_a_recent_proof(api: httpx.AsyncClient) -> None:
    owner, header = await signed_in(await make_user())
    project_id = await make_project(owner)
    async with transaction() as session:
        await session.execute(update(AuthSession).values(verified_at=func.now() - timedelta(minutes=11)))
    answer = await invite(api, header, "x@example.com", project_id=project_id, role="maintainer")
    assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")
    assert (await invite(api, header, "x@example.com", project_id=project_id, role="viewer")).status_code == 201


async def test_an_inviter_does_not_learn_who_has_an_account(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    owner, ana = await make_user(), await make_user("ana")
    project_id = await make_project(owner)
    header = await bearer(owner)
    into = {"project_id": project_id, "role": "viewer"}
    known = (await invite(api, header, "ana@example.com", **into)).json()["invitations"][0]
    unknown = (await invite(api, header, "bob@example.com", **into)).json()["invitations"][0]
    differing = {name for name in known if known[name] != unknown[name]}
    assert differing == {"id", "email", "created_at", "expires_at"}
    token = next(mail.token for mail in await mailbox.deliver() if "ana@" in mail.to)
    assert (await api.post(f"{PUBLIC}/lookup", json={"token": token}, headers=ORIGIN)).json()["has_account"]
    answer = await accept(api, token)
    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")
    assert (await join(api, token, ana)).status_code == 200
    assert await role_in(project_id, "ana@example.com") == "viewer"


async def test_an_administrator_is_told_which_addresses_have_an_account(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    answer = await invite(api, await bearer(await make_admin()), "zoe@example.com", "ana@example.com")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/emails/1")


async def test_only_the_invited_address_joins(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    owner, eve = await make_user(), await make_user("eve")
    project_id = await make_project(owner)
    await make_user("ana")
    await invite(api, await bearer(owner), "ana@example.com", project_id=project_id, role="viewer")
    token = (await mailbox.deliver())[-1].token
    assert (await join(api, token, None)).status_code == 401
    assert (await join(api, token, eve)).status_code == 403
    assert (await accept(api, token, email="eve@example.com")).status_code == 422
    assert await role_in(project_id, "eve@example.com") is None


async def test_joining_keeps_the_role_of_a_member(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    owner, ana = await make_user(), await make_user("ana")
    project_id = await make_project(owner, team={ana: "deployer"})
    await invite(api, await bearer(owner), "ana@example.com", project_id=project_id, role="viewer")
    assert (await join(api, (await mailbox.deliver())[-1].token, ana)).status_code == 200
    assert await role_in(project_id, "ana@example.com") == "deployer"


async def test_a_link_makes_one_account_under_parallel_requests(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await invite(api, await bearer(await make_admin()), "x@example.com")
    token = (await mailbox.deliver())[-1].token
    answers = await asyncio.gather(*(accept(api, token, f"newbie{number}") for number in range(20)))
    assert sorted(answer.status_code for answer in answers) == [204] + [410] * 19
    async with transaction() as session:
        made = select(func.count()).select_from(User).where(col(User.username).like("newbie%"))
        assert (await session.execute(made)).scalar_one() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"expires_at": func.now()},
        {"revoked_at": func.now()},
        {"accepted_at": func.now()},
        {"token_hash": None},
        {"invited_by_id": None},
    ],
)
async def test_an_ended_link_is_gone(api: httpx.AsyncClient, mailbox: Mailbox, values: dict[str, Any]) -> None:
    await invite(api, await bearer(await make_admin()), "x@example.com")
    token = (await mailbox.deliver())[-1].token
    await change_invitations(**values)
    for answer in (
        await accept(api, token),
        await api.post(f"{PUBLIC}/lookup", json={"token": token}, headers=ORIGIN),
        await join(api, token, await make_user("xenia")),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "invitation_expired")


async def test_it_is_worth_as_much_as_its_inviter(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    owner, mia = await make_user(), await make_user()
    project_id = await make_project(owner, team={mia: "maintainer"})
    await invite(api, await bearer(mia), "x@example.com", project_id=project_id, role="viewer")
    token = (await mailbox.deliver())[-1].token
    await api.delete(f"/api/v1/projects/{project_id}/members/{mia.user_id}", headers=await bearer(owner))
    assert (await accept(api, token)).status_code == 410


async def test_a_mistake_on_the_page_keeps_the_link(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_user("taken")
    await invite(api, await bearer(await make_admin()), "x@example.com")
    token = (await mailbox.deliver())[-1].token
    taken, weak = await accept(api, token, "taken"), await accept(api, token, password="Password1")
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/username")
    assert (weak.status_code, weak.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await accept(api, token)).status_code == 204


async def test_inviting_or_sending_again_replaces_the_link(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    admin = await bearer(await make_admin())
    first = (await invite(api, admin, "x@example.com")).json()["invitations"][0]["id"]
    one = (await mailbox.deliver())[-1].token
    again = (await invite(api, admin, "x@example.com")).json()["invitations"][0]["id"]
    two = (await mailbox.deliver())[-1].token
    await change_invitations(expires_at=func.now())
    assert await states(api, admin, "?state=expired") == {"x@example.com": "expired"}
    assert (await api.post(f"{URL}/{first}/resend", headers=admin)).status_code == 202
    three = (await mailbox.deliver())[-1].token
    assert (first, len({one, two, three})) == (again, 3)
    assert [(await accept(api, token)).status_code for token in (one, two, three)] == [410, 410, 204]
    assert (await api.post(f"{URL}/{first}/resend", headers=admin)).status_code == 409
    assert (await api.delete(f"{URL}/{first}", headers=admin)).status_code == 409


async def test_a_revoked_invitation_can_be_made_again(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    admin = await bearer(await make_admin())
    first = (await invite(api, admin, "x@example.com")).json()["invitations"][0]["id"]
    token = (await mailbox.deliver())[-1].token
    assert (await api.delete(f"{URL}/{first}", headers=admin)).status_code == 204
    assert (await accept(api, token)).status_code == 410
    assert await states(api, admin) == {"x@example.com": "revoked"}
    second = (await invite(api, admin, "x@example.com")).json()["invitations"][0]["id"]
    assert second != first


async def test_the_instance_may_let_nobody_create_an_account(
    api: httpx.AsyncClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await bearer(await make_admin())
    await invite(api, admin, "x@example.com")
    token = (await mailbox.deliver())[-1].token
    with monkeypatch.context() as patched:
        patched.setattr(instance, "_stored", {"sign_up": "nobody"})
        assert (await invite(api, admin, "y@example.com")).status_code == 409
        answer = await accept(api, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_closed")
    assert (await accept(api, token)).status_code == 204


async def test_without_mail_the_link_is_in_the_answer_once(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    admin = await bearer(await make_admin()) | {"Idempotency-Key": "once"}
    answer = (await invite(api, admin, "x@example.com")).json()
    (link,) = answer["secret_links"]
    again = (await invite(api, admin, "x@example.com")).json()
    assert (again["invitations"], again["secret_links"]) == (answer["invitations"], None)
    assert (await accept(api, link.partition("token=")[2])).status_code == 204


async def test_mails_are_limited_for_the_inviter_and_the_invited(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    header, into = await bearer(owner), {"project_id": project_id, "role": "viewer"}
    assert (await invite(api, header, *(f"p{n}@example.com" for n in range(101)), **into)).status_code == 422
    for turn in range(5):
        addresses = [f"p{turn}x{n}@example.com" for n in range(100)]
        assert (await invite(api, header, *addresses, **into)).status_code == 201
    assert (await invite(api, header, "one@example.com", **into)).status_code == 429
    admin = await bearer(await make_admin())
    codes = [(await invite(api, admin, "x@example.com")).status_code for _ in range(11)]
    assert codes == [201] * 10 + [429]


async def test_no_job_event_or_row_holds_the_token_and_no_event_the_address(
    api: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    await invite(api, await bearer(await make_admin()), "secretive@example.com")
    token = (await mailbox.deliver())[-1].token
    async with transaction() as session:
        for table in ("procrastinate_jobs", "events", "invitations", "notifications"):
            found = (await session.execute(text(f"SELECT string_agg(t::text, ' ') FROM {table} t"))).scalar_one() or ""
            assert token not in found, table
            assert table == "invitations" or "secretive" not in found
    assert masked("secretive@example.com") == "s…@example.com"


async def test_old_invitations_are_trimmed(api: httpx.AsyncClient) -> None:
    await invite(api, await bearer(await make_admin()), "x@example.com")
    async with transaction() as session:
        assert (await retention.trim(session))["invitations"] == 0
    await change_invitations(expires_at=func.now() - timedelta(days=91))
    async with transaction() as session:
        assert (await retention.trim(session))["invitations"] == 1


async def test_a_dry_run_of_resending_spends_no_mail_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("smtp://127.0.0.1"))
    admin = await make_admin()
    invitation_id = await make_invitation(admin)
    counted: list[str] = []

    async def refuse_mail(address: str) -> None:
        counted.append(address)

    monkeypatch.setattr(get_limits(), "refuse_mail", refuse_mail)
    async with dry_run() as session:
        [result] = await bulk.resend_invitations(session, admin, [invitation_id])
    assert (result.ok, counted) == (True, [])
    async with transaction() as session:
        await bulk.resend_invitations(session, admin, [invitation_id])
    assert counted == ["invited@example.com"]
