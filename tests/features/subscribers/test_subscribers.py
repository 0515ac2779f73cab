"""Mails about public incidents: only to addresses that confirmed, and only while they want them."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.events.log import Event, emit
from tca_app.core.security.rate_limits import MAILS, get_limits
from tca_app.features.health import events
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import IncidentCreate, NoteCreate
from tca_app.features.health.maintenance import service as maintenance
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.retention import service as retention
from tca_app.features.subscribers import notices
from tca_app.models import OneTimeToken, StatusSubscriber
from tests.factories import (
    bearer,
    do_jobs,
    make_admin,
    make_check,
    make_incident,
    make_subscriber,
    make_user,
    row_of,
    run,
)
from tests.mailbox import Mailbox, mailbox

__all__ = ["mailbox"]  # a fixture
PAGE = "/status/public"
SUBSCRIBE, CONFIRM, UNSUBSCRIBE = f"{PAGE}/subscribe", f"{PAGE}/confirm", f"{PAGE}/unsubscribe"
LIST = "/api/v1/status-subscribers"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(autouse=True)
def _on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(get_settings(), "status_public", True)
    get_limits.cache_clear()
    yield
    get_limits.cache_clear()


async def record(event: Event) -> None:
    await run(emit, None, event)


async def subscribers() -> list[str]:
    rows = StatusSubscriber.__table__.c
    async with transaction() as session:
        return list((await session.execute(select(rows.email).order_by(rows.id))).scalars())


async def subscribe(api: httpx.AsyncClient, email: str) -> httpx.Response:
    return await api.post(SUBSCRIBE, data={"email": email})


async def test_an_address_counts_after_its_owner_pressed_the_button(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    assert (await subscribe(api, " Ana@Example.com ")).status_code == 200
    (mail,) = await mailbox.deliver()
    assert (mail.to, await subscribers()) == ("ana@example.com", [])
    page = await api.get(CONFIRM, params={"token": mail.token})
    assert 'action="/status/public/confirm"' in page.text
    assert await subscribers() == []  # a scanner opens links, too
    assert "You are subscribed" in (await api.post(CONFIRM, data={"token": mail.token})).text
    assert await subscribers() == ["ana@example.com"]
    again = await api.post(CONFIRM, data={"token": mail.token})
    assert (again.status_code, "expired" in again.text) == (410, True)


async def test_a_link_works_once_also_under_twenty_parallel_requests(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await subscribe(api, "ana@example.com")
    (mail,) = await mailbox.deliver()
    answers = await asyncio.gather(*(api.post(CONFIRM, data={"token": mail.token}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200, *[410] * 19]
    assert await subscribers() == ["ana@example.com"]


async def test_a_link_ends_after_a_day_and_leaves_no_address(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await subscribe(api, "ana@example.com")
    (mail,) = await mailbox.deliver()
    async with transaction() as session:
        row = (await session.execute(select(OneTimeToken.__table__.c))).one()
        assert timedelta(hours=23, minutes=59) < row.expires_at - row.created_at <= timedelta(hours=24)
        assert mail.token.encode() not in bytes(row.token_hash)
        await session.execute(update(OneTimeToken).values(expires_at=func.now()))
    assert (await api.post(CONFIRM, data={"token": mail.token})).status_code == 410
    await run(retention.trim)
    async with transaction() as session:
        assert (await session.execute(select(func.count()).select_from(OneTimeToken))).scalar_one() == 0
    assert await subscribers() == []


async def test_nobody_learns_who_is_subscribed(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_subscriber("ana@example.com")
    known, unknown = await subscribe(api, "ana@example.com"), await subscribe(api, "bob@example.com")
    flooded = [await subscribe(api, "cat@example.com") for _ in range(12)]
    assert {(one.status_code, one.text) for one in (known, unknown, *flooded)} == {(200, known.text)}
    assert sorted(mail.to for mail in await mailbox.deliver()) == ["bob@example.com", "cat@example.com"]
    await get_limits().refuse_mail("cat@example.com")  # a stranger does not keep an address from being invited
    assert (await api.post(UNSUBSCRIBE, params={"token": "t" * 43})).text == (await api.post(UNSUBSCRIBE)).text


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ana",
        "ana@example.com\r\nBcc: eve@example.com",
        "ana@example.com\nX: y",
        "ana@example.com, eve@example.com",
        '"a\\r\\nb"@example.com',
        "<ana@example.com>",
        "a" * 65 + "@example.com",
        "ana@" + "a" * 300 + ".com",
    ],
)
async def test_what_is_no_single_address_is_refused_and_shown_as_text(
    api: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    answer = await subscribe(api, email)
    assert answer.status_code in (400, 422)
    assert "<ana@" not in answer.text
    assert await mailbox.deliver() == []


async def test_a_client_and_all_clients_together_are_limited(
    api: httpx.AsyncClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("subscriptions", 2), ("all_subscriptions", 2), ("login", 2)):
        monkeypatch.setitem(MAILS, "subscriptions", "100/day")
        monkeypatch.setitem(MAILS, "all_subscriptions", "100/day")
        rate = f"{most}/day"
        if name == "login":
            monkeypatch.setattr(get_settings(), "rate_limit_login", rate)
        else:
            monkeypatch.setitem(MAILS, name, rate)
        get_limits.cache_clear()
        answers = [await subscribe(api, f"{name}{n}@example.com") for n in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429], name
        assert "Too many attempts" in answers[-1].text


async def test_another_site_subscribes_nobody(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    for path, form in ((SUBSCRIBE, {"email": "ana@example.com"}), (CONFIRM, {"token": "x"})):
        answer = await api.post(path, data=form, headers={"Origin": "https://evil.example.com"})
        assert answer.status_code == 403
        as_json = await api.post(path, json=form)
        assert as_json.status_code == 415
    assert await mailbox.deliver() == []


async def test_while_the_page_or_mail_is_off_there_is_no_subscription(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Get mails about incidents" in (await api.get(PAGE)).text
    for name, value in (("status_public", False), ("smtp_url", type(get_settings().smtp_url)("off"))):
        with monkeypatch.context() as patch:
            patch.setattr(get_settings(), name, value)
            assert (await subscribe(api, "ana@example.com")).status_code == 404
            assert (await api.get(CONFIRM)).status_code == 404
            assert (await api.post(CONFIRM, data={"token": "x"})).status_code == 404


async def test_unsubscribing_takes_a_post_and_one_click_is_enough(api: httpx.AsyncClient) -> None:
    await make_subscriber()
    page = await api.get(UNSUBSCRIBE, params={"token": "t" * 43})
    assert (page.status_code, await subscribers()) == (200, ["ana@example.com"])
    url = re.findall(r'action="([^"]+)"', page.text)[0]
    one_click = {"files": {"List-Unsubscribe": (None, "One-Click")}}  # a multipart form, as RFC 8058 prefers
    for sent in (one_click, {"data": {"List-Unsubscribe": "One-Click"}}):
        answer = await api.post(url, headers={"Origin": "https://mail.example.com"}, **sent)
        assert answer.status_code == 200
        assert await subscribers() == []


async def test_a_public_incident_is_mailed_with_what_is_public(
    api: httpx.AsyncClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AT_ONCE", 2)
    for number in range(3):
        await make_subscriber(f"person{number}@example.com", f"{number}" * 43)
    admin = await make_admin()
    check_id = await make_check(name="Shop <b>", is_public=True)
    incident = await make_incident(check_id)
    await record(events.HealthDegraded(subject_id=check_id, subject_name="x", incident_id=incident, reason="the why"))
    mails = await mailbox.deliver()
    assert {mail.to for mail in mails} >= {f"person{n}@example.com" for n in range(3)}
    assert len([mail for mail in mails if mail.to.startswith("person")]) == 3
    ours = [mail for mail in mails if mail.to == "person1@example.com"]
    assert ours[0].subject == "Shop <b> is down"
    assert "the why" not in ours[0].text
    await run(incidents.add_note, admin, incident, NoteCreate(note="Only for us."))
    await run(incidents.add_note, admin, incident, NoteCreate(note="We are on it.", is_public=True))
    await record(events.HealthRecovered(subject_id=check_id, subject_name="x", incident_id=incident, lasted="5 min"))
    ours = [mail for mail in await mailbox.deliver() if mail.to == "person1@example.com"]
    update, again = sorted(ours[1:], key=lambda mail: mail.subject, reverse=True)
    assert (update.subject, again.subject) == ("Update: Shop <b>", "Shop <b> is operational again")
    assert "We are on it." in update.text
    assert "Only for us." not in "".join(mail.text for mail in ours)


async def test_an_incident_that_a_person_opened_and_maintenance_are_mailed(mailbox: Mailbox) -> None:
    admin = await make_admin()
    await make_subscriber("ana@reader.example.com")
    check_id = await make_check(name="Shop")
    hidden = await run(incidents.create_incident, admin, IncidentCreate(title="Hidden", message="Secret."))
    await run(incidents.add_note, admin, hidden.id, NoteCreate(note="Public by mistake.", is_public=True))
    given = IncidentCreate(title="Checkout is slow", message="We look into it.", is_public=True)
    opened = await run(incidents.create_incident, admin, given)
    for note in (
        NoteCreate(note="Secret.", status="identified"),
        NoteCreate(note="Found it.", status="identified", is_public=True),
        NoteCreate(note="Secret.", status="resolved"),
    ):
        await run(incidents.add_note, admin, opened.id, note)
    times = {"starts_at": datetime(2099, 5, 4, 9, tzinfo=UTC), "ends_at": datetime(2099, 5, 4, 10, tzinfo=UTC)}
    for is_public in (True, False):
        about = {"title": "Move", "message": "Be back soon.", "check_ids": [check_id], "is_public": is_public}
        window = await run(maintenance.create_window, admin, MaintenanceCreate(**about, **times))
        await do_jobs()
        await run(maintenance.cancel_window, admin, window.id)
    mails = {mail.subject: mail.text for mail in await mailbox.deliver() if mail.to == "ana@reader.example.com"}
    assert sorted(mails) == [
        "Incident: Checkout is slow",
        "Maintenance was cancelled: Move",
        "Planned maintenance: Move",
        "Resolved: Checkout is slow",
        "Update: Checkout is slow",
    ]
    assert "Secret." not in "".join(mails.values())
    assert "We look into it." in mails["Incident: Checkout is slow"]
    assert "From 4 May 2099, 09:00 UTC to 4 May 2099, 10:00 UTC." in mails["Planned maintenance: Move"]
    assert "Be back soon." in mails["Planned maintenance: Move"]


async def test_a_mail_has_the_headers_that_unsubscribe_in_one_click(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await make_subscriber()
    check_id = await make_check(name="Shop", is_public=True)
    await record(events.HealthRecovered(subject_id=check_id, subject_name="x", incident_id=1, lasted="5 min"))
    await do_jobs()
    (file,) = mailbox.folder.glob("status-*.eml")
    message: Any = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = str(message["List-Unsubscribe"]).strip()
    assert re.fullmatch(rf"<https?://[^ <>]+{UNSUBSCRIBE}\?token=t{{43}}>", url)
    path = url[1:-1].partition(get_settings().public_url)[2]
    await api.post(path, data={"List-Unsubscribe": "One-Click"})
    assert await subscribers() == []
    await record(events.HealthRecovered(subject_id=check_id, subject_name="x", incident_id=2, lasted="5 min"))
    await do_jobs()
    assert len(list(mailbox.folder.glob("status-*.eml"))) == 1


async def test_what_is_not_public_is_not_mailed(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_subscriber()
    hidden = await make_check(name="Hidden")
    await record(events.HealthDegraded(subject_id=hidden, subject_name="x", incident_id=1, reason="why"))
    shown = await make_check(name="Shown", is_public=True)
    monkeypatch.setattr(get_settings(), "status_public", False)
    await record(events.HealthDegraded(subject_id=shown, subject_name="x", incident_id=2, reason="why"))
    assert [mail for mail in await mailbox.deliver() if mail.to == "ana@example.com"] == []


async def test_a_mail_that_fails_does_not_stop_the_others(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ana", "bob", "cat"):
        await make_subscriber(f"{name}@example.com", name * 15)
    async with transaction() as session:  # as after a key was lost
        bob = update(StatusSubscriber).where(StatusSubscriber.__table__.c.email == "bob@example.com")
        await session.execute(bob.values(token=b"\x01" * 40))
    check_id = await make_check(name="Shop", is_public=True)
    await record(events.HealthDegraded(subject_id=check_id, subject_name="x", incident_id=1, reason="why"))
    mails = [mail.to for mail in await mailbox.deliver() if mail.subject == "Shop is down"]
    assert {"ana@example.com", "cat@example.com"} <= set(mails)
    assert "bob@example.com" not in mails


async def test_administrators_list_remove_and_download_subscribers(api: httpx.AsyncClient) -> None:
    admin, member = await make_admin(), await make_user()
    first = await make_subscriber("ana@example.com", "a" * 43)
    await make_subscriber("=bob@example.com", "b" * 43, language="de")
    for method, path in (("GET", LIST), ("GET", f"{LIST}/export.csv"), ("DELETE", f"{LIST}/{first}")):
        assert (await api.request(method, path, headers=await bearer(member))).status_code == 403
    answer = await api.get(LIST, params={"sort": "email"}, headers=await bearer(admin))
    assert [row["email"] for row in answer.json()] == ["=bob@example.com", "ana@example.com"]
    assert set(answer.json()[0]) == {"id", "email", "language", "created_at"}
    assert answer.headers["x-total-count"] == "2"
    found = await api.get(LIST, params={"search": "ANA"}, headers=await bearer(admin))
    assert [row["id"] for row in found.json()] == [first]
    by_language = await api.get(LIST, params={"sort": "-language"}, headers=await bearer(admin))
    assert [row["language"] for row in by_language.json()] == ["en", "de"]
    file = (await api.get(f"{LIST}/export.csv", headers=await bearer(admin))).text
    assert '"\'=bob@example.com","de",' in file
    assert (await api.delete(f"{LIST}/{first}", headers=await bearer(admin))).status_code == 204
    assert (await api.delete(f"{LIST}/{first}", headers=await bearer(admin))).status_code == 404
    assert await subscribers() == ["=bob@example.com"]


async def test_the_token_is_encrypted(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    await subscribe(api, "ana@example.com")
    (mail,) = await mailbox.deliver()
    await api.post(CONFIRM, data={"token": mail.token})
    async with transaction() as session:
        subscriber_id = (await session.execute(select(StatusSubscriber.__table__.c.id))).scalar_one()
    row = await row_of(StatusSubscriber, subscriber_id)
    assert datetime.now(UTC) - row["created_at"] < timedelta(minutes=1)
    assert mail.token.encode() not in row["token"] + row["token_hash"]
