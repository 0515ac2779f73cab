"""Mail is sent by SMTP or written to a folder, with a stable id, and nobody can inject headers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.maintenance import warn_of_expiring_tokens
from tca_app.core.database.session import reading, transaction
from tca_app.core.jobs.queue import MAX_ATTEMPTS_UNREACHABLE, enqueue
from tca_app.core.outgoing.mail import Mail, send
from tca_app.features.deployments.schemas import DeploymentStep
from tca_app.features.deployments.service import step_deployment
from tca_app.features.environments.freezes import create_freeze
from tca_app.features.environments.schemas import FreezeCreate
from tca_app.features.health.internal_checks import PARTS, NotInUse
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.health.maintenance.service import create_window
from tca_app.features.notifications.schemas import PreferenceChange
from tca_app.features.notifications.service import change_preferences
from tca_app.features.projects import team
from tca_app.features.projects.schemas import TeamMember
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserCreate, UserUpdate
from tests.core.outgoing.test_mail import HEADERS, LONG_WORD, headers_of, shown
from tests.factories import (
    PASSWORD,
    do_jobs,
    make_admin,
    make_check,
    make_deployment,
    make_project,
    make_token,
    make_user,
    run,
)
from tests.features.tokens.test_tokens import change as change_token


class Sink:
    """An SMTP server that keeps what it gets; `answer` may refuse."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.wire: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.wire.append(envelope.content)
            self.got.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sink]:
    handler = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(handler, decode_data=False), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr(f"smtp://127.0.0.1:{port}?starttls=never"))
    yield handler
    server.close()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    return tmp_path / "mail"


def mail(**fields: str) -> Mail:
    given = {
        "key": "k1",
        "to": "bo@example.com",
        "name": "Bo",
        "subject": "Hi",
        "text": "Hello",
        "html": "<p>Hello</p>",
    }
    return Mail(**given | fields)


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def _files(folder: Path) -> list[Path]:
    return list(folder.glob("*"))


async def failures() -> list[tuple[str, str]]:
    rows = "SELECT status::text, error FROM procrastinate_jobs JOIN job_failures ON job_id = id ORDER BY attempt"
    async with reading() as session:
        return [(row.status, row.error) for row in await session.execute(text(rows))]


async def test_a_new_person_is_welcomed_and_a_new_member_invited(sink: Sink) -> None:
    admin = await make_admin("root")
    bo = await run(
        users.create_user,
        admin,
        UserCreate(email="bo@example.com", username="bob", full_name="Bo <b>", password=PASSWORD),
    )
    project_id = await make_project(admin, "Billing")
    await run(team.add_member, admin, project_id, TeamMember(user_id=bo.id, role="viewer"))
    await do_jobs()
    welcome, invitation = sorted(sink.got, key=lambda message: message["Subject"], reverse=True)
    assert (welcome["To"], welcome["Subject"]) == ('"Bo <b>" <bo@example.com>', "Your account on TCA InfraForge")
    assert "Your username is bob" in body_of(welcome, "plain")
    assert PASSWORD not in str(welcome)
    assert "Hello Bo &lt;b&gt;" in body_of(welcome, "html")
    assert invitation["Subject"] == "Root added you to Billing as viewer"
    assert f"/projects/{project_id}" in body_of(invitation, "plain")


async def test_a_changed_password_always_sends_a_mail_even_to_oneself(sink: Sink) -> None:
    ana = await make_user("ana")
    change = UserUpdate(password="Another-Boat-43", current_password=PASSWORD)
    await run(users.update_user, ana, ana.user_id, change)
    await do_jobs()
    assert [message["Subject"] for message in sink.got] == ["Your password was changed"]
    assert "You changed the password" in body_of(sink.got[0], "plain")
    assert "Another-Boat" not in str(sink.got[0])


async def test_without_a_server_mail_is_a_readable_file(folder: Path) -> None:
    await send(mail(text="Grüße"))
    (file,) = _files(folder)
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (file.name, message["Message-ID"], message["To"]) == ("k1.eml", "<k1@localhost>", "Bo <bo@example.com>")
    assert "Grüße" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


async def test_a_name_that_hides_a_header_adds_none_to_an_invitation(sink: Sink) -> None:
    """83 characters that another mail library decodes into a line break, a Bcc and a body."""
    ana, bo = await make_user("ana", full_name=LONG_WORD), await make_user("bob", full_name=LONG_WORD)
    project_id = await make_project(ana, LONG_WORD, slug="hidden")
    await run(team.add_member, ana, project_id, TeamMember(user_id=bo.user_id, role="viewer"))
    await do_jobs()
    (wire,) = sink.wire
    found = headers_of(wire)
    assert sorted(name for name, _ in found) == sorted([*HEADERS, "X-Request-Id"])
    assert shown(dict(found)["Subject"]) == f"{LONG_WORD} added you to {LONG_WORD} as viewer"
    assert parseaddr(dict(found)["To"])[1] == "bob@example.com"


async def test_while_mail_is_off_none_is_queued_or_counts_as_sent(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    await run(team.add_member, ana, await make_project(ana), TeamMember(user_id=bo.user_id, role="viewer"))
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    await do_jobs()
    assert await _jobs() == []
    assert _files(folder) == []
    await run(
        enqueue, "send_digest", user_id=bo.user_id, since="2026-01-01T00:00:00Z", day=str(datetime.now(UTC).date())
    )
    await do_jobs()
    assert await failures() == [("failed", "mail is off (SMTP_URL=off)")]
    with pytest.raises(NotInUse, match="SMTP_URL is off"):
        await PARTS["mail"]()


async def _jobs() -> list[str]:
    async with reading() as session:
        return [row.task_name for row in await session.execute(text("SELECT task_name FROM procrastinate_jobs"))]


async def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(sink: Sink) -> None:
    bo = await make_user("bob")
    ana = await make_user("ana")
    sink.answer = "451 try later"
    await run(team.add_member, ana, await make_project(ana), TeamMember(user_id=bo.user_id, role="viewer"))
    await do_jobs()
    assert await failures() == [("todo", "the mail server answered 451 try later")]
    sink.answer = "554 no such mailbox"
    async with transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    await do_jobs()
    assert [status for status, _ in await failures()] == ["failed", "failed"]
    assert sink.got == []


async def test_a_second_attempt_has_the_same_message_id(sink: Sink) -> None:
    await send(mail())
    await send(mail())
    assert len({message["Message-ID"] for message in sink.got}) == 1
    assert len(sink.got) == 2


async def test_who_is_deactivated_meanwhile_gets_no_mail(sink: Sink) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    await run(team.add_member, ana, await make_project(ana), TeamMember(user_id=bo.user_id, role="viewer"))
    await run(users.update_user, await make_admin(), bo.user_id, UserUpdate(is_active=False))
    await do_jobs()
    assert sink.got == []


async def test_a_failed_deployment_is_mailed_to_its_maintainers_with_the_reason(sink: Sink) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    project_id = await make_project(ana, "Billing", team={bo: "deployer"})
    deployment_id = await make_deployment(project_id, status="in_progress")
    await run(step_deployment, bo, deployment_id, DeploymentStep(status="failed", reason="Exit code 1"))
    await do_jobs()
    (mail_,) = sink.got
    assert (mail_["To"], mail_["Subject"]) == (
        "Ana <ana@example.com>",
        "The deployment of Billing 1.0.0 to production failed",
    )
    assert "Reason: Exit code 1" in body_of(mail_, "plain")
    assert f"/deployments/{deployment_id}" in body_of(mail_, "plain")


async def test_a_mail_has_times_in_the_zone_and_the_format_of_its_reader(sink: Sink) -> None:
    ana = await make_user("ana", time_zone="Asia/Tokyo", locale="de-DE")
    project_id = await make_project(ana, "Billing")
    kinds = ("freeze_set", "maintenance_scheduled")
    choices = [PreferenceChange(kind=kind, channel="mail", is_on=True) for kind in kinds]
    await run(change_preferences, ana, choices)
    starts_at = datetime(2098, 12, 24, 9, tzinfo=UTC)
    data = FreezeCreate(starts_at=starts_at, ends_at=starts_at + timedelta(hours=2), why="Christmas")
    admin = await make_admin()
    await run(create_freeze, admin, project_id, data)
    window = {"title": "Upgrade", "project_id": project_id, "check_ids": [await make_check(project_id)]}
    window |= {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2)}
    await run(create_window, admin, MaintenanceCreate.model_validate(window))
    token_id, _ = await make_token(ana, name="Nightly", expires_in_days=30)
    ends_at = datetime.now(UTC) + timedelta(days=6)
    await change_token(token_id, created_at=ends_at - timedelta(days=60), expires_at=ends_at)
    await warn_of_expiring_tokens()
    await do_jobs()
    bodies = [body_of(mail_, "plain") for mail_ in sink.got]  # in any order
    (freeze,), (maintenance,), (token,) = (
        [body for body in bodies if words in body]
        for words in ("Reason: Christmas", "scheduled the maintenance Upgrade", "token Nightly")
    )
    for about in (freeze, maintenance):
        assert "24.12.2098, 18:00 to 24.12.2098, 20:00 (Asia/Tokyo, UTC+9)" in about
    assert "UTC." not in maintenance
    at = ends_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"expires on {at:%d.%m.%Y, %H:%M} (Asia/Tokyo, UTC+9)" in token


async def test_a_mail_survives_a_server_that_is_unreachable_for_a_day(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    reachable = get_settings().smtp_url
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("smtp://127.0.0.1:1?starttls=never"))
    ana, bo = await make_user("ana"), await make_user("bob")
    await run(team.add_member, ana, await make_project(ana), TeamMember(user_id=bo.user_id, role="viewer"))
    for _ in range(MAX_ATTEMPTS_UNREACHABLE - 1):
        await do_jobs()
        async with transaction() as session:
            await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    assert {status for status, _ in await failures()} == {"todo"}
    monkeypatch.setattr(get_settings(), "smtp_url", reachable)
    await do_jobs()
    assert [message["To"] for message in sink.got] == ["Bob <bob@example.com>"]
