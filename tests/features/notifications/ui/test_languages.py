"""Notifications in the language of the reader: made anew from the event, also those that were stored before."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import update

from tca_app.core.database.session import transaction
from tca_app.core.events.log import emit
from tca_app.core.language.messages import speaking
from tca_app.features.environments.freezes import create_freeze
from tca_app.features.environments.schemas import FreezeCreate
from tca_app.features.health.events import CertificateExpiring, HealthRecovered
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import IncidentCreate, NoteCreate
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.health.maintenance.service import create_window
from tca_app.features.notifications.ui.state import InboxState
from tca_app.features.notifications.wording import words
from tca_app.features.projects import team
from tca_app.features.projects.schemas import TeamMember
from tca_app.features.tokens.events import TokenExpiring
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import Incident
from tests.factories import bearer, do_jobs, make_admin, make_check, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

GERMAN = {"language": "de", "time_zone": "Europe/Berlin", "locale": "de-DE"}
AT = datetime(2098, 12, 24, 9, tzinfo=UTC)


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def inbox(console: Console, actor: object) -> list[tuple[str, str]]:
    """Title and body of each notification, oldest first."""
    tab = Tab(console, "inbox", await sign_in(actor), "/notifications")  # type: ignore[arg-type]
    await tab.hydrate()
    lines = shown(await tab.send(InboxState.load), InboxState, "rows")
    return [(line["title"], line["body"]) for line in reversed(lines)]


async def test_each_reader_gets_their_own_language_dates_and_zone(console: Console, api: httpx.AsyncClient) -> None:
    admin, german, english = await make_admin("root"), await make_user("ute", **GERMAN), await make_user("eve")
    billing = await make_project(admin, "Billing")
    for reader in (german, english):
        await run(team.add_member, admin, billing, TeamMember(user_id=reader.user_id, role="maintainer"))
        await run(users.update_user, admin, reader.user_id, UserUpdate(full_name="New"))
    window = {"title": "Upgrade", "project_id": billing, "check_ids": [await make_check(billing)]}
    window |= {"starts_at": AT, "ends_at": AT + timedelta(hours=2)}
    await run(create_window, admin, MaintenanceCreate.model_validate(window))
    freeze = FreezeCreate(starts_at=AT, ends_at=AT + timedelta(hours=2), why="Christmas")
    await run(create_freeze, admin, billing, freeze)
    await do_jobs()
    assert await inbox(console, german) == [
        ("Root hat Sie als Maintainer zu Billing hinzugefügt", ""),
        ("Root hat Ihr Konto geändert", "Vollständiger Name"),
        ("Root hat die Wartung Upgrade geplant", "24.12.2098, 10:00 bis 24.12.2098, 12:00 (Europe/Berlin, UTC+1)"),
        ("Root hat alles von Billing gesperrt", "Christmas"),
    ]
    in_english = [
        ("Root added you to Billing as maintainer", ""),
        ("Root changed your account", "Full name"),
        ("Root scheduled the maintenance Upgrade", "2098-12-24 09:00 to 11:00 UTC"),
        ("Root froze everything of Billing", "Christmas"),
    ]
    assert await inbox(console, english) == in_english
    for reader in (german, english):  # a script reads the same from everybody's inbox
        rows = (await api.get("/api/v1/notifications", headers=await bearer(reader))).json()
        assert [(row["title"], row["body"]) for row in reversed(rows)] == in_english


async def test_spans_and_days_are_in_the_language(console: Console) -> None:
    admin = await make_user("ute", is_superuser=True, **GERMAN)
    about = {"subject_id": 1, "subject_name": "Mail"}
    await run(emit, None, HealthRecovered(**about, incident_id=1, lasted="1 day 4 h"))
    await run(emit, None, CertificateExpiring(**about, left="12 days", expires_on="2026-05-04", days=14))
    await do_jobs()
    assert [title for title, _ in await inbox(console, admin)] == [
        "E-Mail ist wieder verfügbar (Dauer des Ausfalls: 1 Tag 4 h)",
        "Das Zertifikat von E-Mail läuft am 04.05.2026 ab (noch 12 Tage)",
    ]


async def test_an_english_reader_gets_their_own_zone_and_format(console: Console, api: httpx.AsyncClient) -> None:
    """The token expires on one day in UTC and on the next in Tokyo."""
    abroad = {"is_superuser": True, "time_zone": "Asia/Tokyo", "locale": "en-GB"}
    admin, reader = await make_admin("root"), await make_user("eve", **abroad)
    check_id, ends_at = await make_check(None), AT + timedelta(hours=2)
    planned = MaintenanceCreate(title="Upgrade", check_ids=[check_id], starts_at=AT, ends_at=ends_at)
    await run(create_window, admin, planned)
    token = {"subject_id": 1, "subject_name": "ci", "owner": "Eve", "owner_id": reader.user_id}
    await run(emit, None, TokenExpiring(**token, expires_on="2026-05-04", expires_at="2026-05-04T20:00:00+00:00"))
    await do_jobs()
    assert await inbox(console, reader) == [
        ("Root scheduled the maintenance Upgrade", "24/12/2098, 18:00 to 24/12/2098, 20:00 (Asia/Tokyo, UTC+9)"),
        ("The API token ci of Eve expires on 05/05/2026", ""),
    ]
    rows = (await api.get("/api/v1/notifications", headers=await bearer(reader))).json()
    assert [row["title"] for row in rows if row["kind"] == "token_expiring"] == [
        "The API token ci of Eve expires on 2026-05-04"
    ]


async def test_what_a_german_writes_is_english_in_the_log(console: Console) -> None:
    german, reader = await make_user("ute", is_superuser=True, **GERMAN), await make_admin("eve")
    made = await run(incidents.create_incident, german, IncidentCreate(title="Mail", severity="critical", message="x"))
    async with transaction() as session:
        opened_at = datetime.now(UTC) - timedelta(days=2)
        await session.execute(update(Incident).values(opened_at=opened_at))
    with speaking("de"):
        await run(incidents.add_note, german, made.id, NoteCreate(note="y", status="resolved"))
    await do_jobs()
    assert [title for title, _ in await inbox(console, reader)] == [
        "Ute opened the critical incident Mail",
        "Ute resolved the incident Mail after 2 days 0 h",
    ]


async def test_an_event_of_an_older_version_keeps_what_was_stored() -> None:
    old = SimpleNamespace(
        subject_type="project", type="member_added", data={}, actor_name="Ana", subject_name="Billing"
    )
    forgotten = SimpleNamespace(
        subject_type="project", type="pigeon_sent", data={}, actor_name="Ana", subject_name="Billing"
    )
    with speaking("de"):
        assert words(old, ("as stored", "x")) == words(forgotten, ("as stored", "x")) == ("as stored", "x")  # type: ignore[arg-type]
