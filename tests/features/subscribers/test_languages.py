"""Subscription in the language of the visitor, and mails in the language in which they subscribed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.health import events
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import IncidentCreate, NoteCreate
from tca_app.features.health.maintenance import service as maintenance
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.subscribers import service
from tca_app.models import StatusSubscriber
from tests.factories import make_admin, make_check, make_subscriber, row_of, run
from tests.mailbox import Mailbox, mailbox

__all__ = ["mailbox"]  # a fixture
PAGE = "/status/public"
GERMAN = {"Accept-Language": "de"}
AT = datetime(2098, 12, 24, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(get_settings(), "status_public", True)
    get_limits.cache_clear()
    yield
    get_limits.cache_clear()


async def test_a_german_subscribes_in_german(api: httpx.AsyncClient, mailbox: Mailbox) -> None:
    bad = await api.post(f"{PAGE}/subscribe", data={"email": "ute"}, headers=GERMAN)
    assert (bad.status_code, "Geben Sie eine E-Mail-Adresse ein" in bad.text) == (400, True)
    sent = await api.post(f"{PAGE}/subscribe", data={"email": "ute@example.com"}, headers=GERMAN)
    assert "Prüfen Sie Ihren Posteingang" in sent.text
    (mail,) = await mailbox.deliver()
    assert mail.subject == "Bestätigen Sie Ihr Abonnement für den Status von TCA InfraForge"
    assert f"/status/public/confirm?token={mail.token}&language=de" in mail.text
    # Its link opens the page in German in any browser.
    page = await api.get(f"{PAGE}/confirm", params={"token": mail.token, "language": "de"})
    assert 'action="/status/public/confirm?language=de"' in page.text
    assert f'href="/status/public/confirm?token={mail.token}&amp;language=en" lang="en"' in page.text
    done = await api.post(f"{PAGE}/confirm?language=de", data={"token": mail.token})
    assert "Abonnement bestätigt" in done.text
    used = await api.post(f"{PAGE}/confirm?language=de", data={"token": mail.token})
    assert (used.status_code, "Dieser Link" in used.text) == (410, True)
    assert (await row_of(StatusSubscriber, await _only()))["language"] == "de"


async def _only() -> int:
    async with transaction() as session:
        rows = await session.execute(StatusSubscriber.__table__.select())
        return int(rows.one().id)


async def test_a_job_of_an_older_version_sends_english(mailbox: Mailbox) -> None:
    await run(enqueue, service.TASK, email="ute@example.com")
    (mail,) = await mailbox.deliver()
    assert mail.subject == "Confirm your subscription to the status of TCA InfraForge"
    assert "language=" not in mail.text


EXPECTED = {
    "en": [
        ("Shop is down", "Shop has been down since ", "Unsubscribe: http"),
        ("Shop is operational again", "Shop was down for 2 days 4 h.", ""),
        ("Incident: Slow", "We look.", ""),
        ("Update: Slow", "A cable.", ""),
        ("Resolved: Slow", "The incident was resolved after under 1 min.", "Fixed."),
        ("Planned maintenance: Upgrade", "From 24 December 2098, 09:00 UTC to 24 December 2098, 11:00 UTC.", ""),
        ("Maintenance was cancelled: Upgrade", "From 24 December 2098", ""),
    ],
    "de": [
        ("Shop ist ausgefallen", "Shop ist seit ", "Abbestellen: http"),
        ("Shop ist wieder betriebsbereit", "Dauer des Ausfalls von Shop: 2 Tage 4 h.", ""),
        ("Vorfall: Slow", "We look.", ""),
        ("Neues zu: Slow", "A cable.", ""),
        ("Behoben: Slow", "Der Vorfall wurde behoben (Dauer: unter 1 min).", "Fixed."),
        ("Geplante Wartung: Upgrade", "Vom 24. Dezember 2098, 09:00 UTC bis 24. Dezember 2098, 11:00 UTC.", ""),
        ("Wartung abgesagt: Upgrade", "Vom 24. Dezember 2098", ""),
    ],
}


async def test_each_subscriber_reads_their_own_language(mailbox: Mailbox) -> None:
    await make_subscriber("english@example.com")
    await make_subscriber("german@example.com", token="g" * 43)
    async with transaction() as session:
        rows = StatusSubscriber.__table__.c
        await session.execute(update(StatusSubscriber).where(rows.email == "german@example.com").values(language="de"))
    admin, shop = await make_admin(), await make_check(name="Shop", is_public=True)
    about = {"subject_id": shop, "subject_name": "Shop", "incident_id": 1}
    await run(emit, None, events.HealthDegraded(**about, reason="HTTP 500"))
    await run(emit, None, events.HealthRecovered(**about, lasted="2 days 4 h"))
    opened = IncidentCreate(title="Slow", message="We look.", is_public=True)
    made = await run(incidents.create_incident, admin, opened)
    await run(incidents.add_note, admin, made.id, NoteCreate(note="A cable.", is_public=True))
    await run(incidents.add_note, admin, made.id, NoteCreate(note="Fixed.", is_public=True, status="resolved"))
    window = {"title": "Upgrade", "is_public": True, "check_ids": [shop], "starts_at": AT}
    window |= {"ends_at": AT + timedelta(hours=2)}
    planned = await run(maintenance.create_window, admin, MaintenanceCreate.model_validate(window))
    await mailbox.deliver()
    await run(maintenance.cancel_window, admin, planned.id)
    mails = await mailbox.deliver()
    for language, name in (("en", "english"), ("de", "german")):
        own = {mail.subject: mail.text for mail in mails if name in mail.to}
        assert sorted(own) == sorted(subject for subject, *_ in EXPECTED[language])
        for subject, *words in EXPECTED[language]:
            assert [word for word in words if word not in own[subject]] == [], own[subject]
        assert all(("&language=de" in text) is (language == "de") for text in own.values())
