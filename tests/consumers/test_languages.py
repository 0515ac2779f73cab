"""Mails in the language, the zone and the format of the recipient; Slack messages in the language of the instance."""

from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tca_app.consumers.slack import text_of
from tca_app.core import instance
from tca_app.core.actor import Actor
from tca_app.core.events.consumers import read_events
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import LANGUAGES
from tca_app.features.auth import password_reset
from tca_app.features.health.events import HealthRecovered
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.health.maintenance.service import create_window
from tca_app.features.invitations import service as invitations
from tca_app.features.notifications.schemas import PreferenceChange
from tca_app.features.notifications.service import change_preferences
from tca_app.features.projects import team
from tca_app.features.projects.schemas import TeamMember
from tca_app.features.users import email_change
from tests.factories import do_jobs, make_admin, make_check, make_invitation, make_project, make_user, run
from tests.mailbox import Mailbox, ReadMail, mailbox

__all__ = ["mailbox"]  # a fixture
AT = datetime(2098, 12, 24, 9, tzinfo=UTC)
CHOSEN: dict[str, dict[str, Any]] = {"en": {}, "de": {"language": "de", "time_zone": "Europe/Berlin"}}


@pytest.fixture(autouse=True)
def _stored() -> Iterator[None]:
    before = instance._stored
    yield
    instance.keep(before)


async def reset(person: Actor) -> None:
    await run(enqueue, password_reset.TASK, email="ute@example.com")


async def new_account(person: Actor) -> None:
    await run(enqueue, password_reset.NEW_ACCOUNT_TASK, user_id=person.user_id, actor_id=0)


async def new_address(person: Actor) -> None:
    await run(enqueue, email_change.CONFIRM_TASK, user_id=person.user_id)


async def old_address(person: Actor) -> None:
    await run(enqueue, email_change.NOTICE_TASK, user_id=person.user_id, email="old@example.com")


async def membership(person: Actor) -> None:
    root = await make_admin("root")
    project = await make_project(root, "Billing")
    await run(team.add_member, root, project, TeamMember(user_id=person.user_id, role="viewer"))


async def digest(person: Actor) -> None:
    await membership(person)
    await do_jobs()
    now = datetime.now(UTC)
    since = (now - timedelta(days=1)).isoformat()
    await run(enqueue, "send_digest", user_id=person.user_id, since=since, day=str(now.date()))


LINKS: dict[Callable[[Actor], Coroutine[Any, Any, None]], dict[str, tuple[str, str]]] = {
    reset: {
        "en": ("Set a new password for TCA InfraForge", "Somebody asked for a new password for your account ute."),
        "de": ("Neues Passwort für TCA InfraForge festlegen", "Er gilt einmal und eine Stunde lang."),
    },
    new_account: {
        "en": ("Your account on TCA InfraForge", "An administrator created an account for you."),
        "de": ("Ihr Konto bei TCA InfraForge", "Ein Administrator hat ein Konto für Sie angelegt."),
    },
    new_address: {
        "en": ("Confirm your new email address", "You changed the email address of your account ute to this one."),
        "de": (
            "Bestätigen Sie Ihre neue E-Mail-Adresse",
            "Sie haben diese E-Mail-Adresse für Ihr Konto ute",
        ),
    },
    old_address: {
        "en": ("The email address of your account was changed", "Your account ute now has another email address."),
        "de": ("Die E-Mail-Adresse Ihres Kontos wurde geändert", "Ihr Konto ute hat jetzt eine andere E-Mail-Adresse."),
    },
    membership: {
        "en": ("Root added you to Billing as viewer", "You now have the role viewer in Billing."),
        "de": ("Root hat Sie als Betrachter zu Billing hinzugefügt", "Sie haben nun die Rolle Betrachter in Billing."),
    },
    digest: {
        "en": ("1 unread notification", "Root added you to Billing as viewer: http://"),
        "de": ("1 ungelesene Benachrichtigung", "Root hat Sie als Betrachter zu Billing hinzugefügt: http://"),
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", LINKS)
async def test_a_mail_is_in_the_language_of_its_recipient(
    cause: Callable[[Actor], Coroutine[Any, Any, None]], language: str, mailbox: Mailbox
) -> None:
    password: dict[str, Any] = {"hashed_password": None} if cause is new_account else {}
    person = await make_user("ute", pending_email="new@example.com", **password, **CHOSEN[language])
    await cause(person)
    mail = (await mailbox.deliver())[-1]
    subject, words = LINKS[cause][language]
    assert (mail.subject, words in mail.text) == (subject, True), mail.text
    greeting, foot = {"en": ("Hello Ute,", "You receive"), "de": ("Guten Tag Ute,", "Sie erhalten")}[language]
    assert greeting in mail.text
    assert foot in mail.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "2098-12-24 09:00 to 2098-12-24 11:00 (UTC)."),
        ("de", "24.12.2098, 10:00 bis 24.12.2098, 12:00 (Europe/Berlin, UTC+1)."),
    ],
)
async def test_times_of_a_mail_are_as_the_language_writes_them(language: str, words: str, mailbox: Mailbox) -> None:
    admin = await make_user("ute", is_superuser=True, **CHOSEN[language])
    await wants(admin, "maintenance_scheduled")
    await plan_maintenance(await make_admin())
    (mail,) = await mailbox.deliver()
    assert words in mail.text


async def wants(person: Actor, kind: str) -> None:
    await run(change_preferences, person, [PreferenceChange(kind=kind, channel="mail", is_on=True)])


async def plan_maintenance(admin: Actor) -> None:
    window = {"title": "Upgrade", "check_ids": [await make_check()]}
    await run(
        create_window,
        admin,
        MaintenanceCreate.model_validate(window | {"starts_at": AT, "ends_at": AT + timedelta(hours=2)}),
    )


async def test_who_has_chosen_no_language_gets_that_of_the_instance(mailbox: Mailbox) -> None:
    instance.keep({"language": "de", "time_zone": "Europe/Berlin"})
    await make_user("ute")
    english = await make_user("eve", language="en")
    await run(enqueue, password_reset.TASK, email="ute@example.com")
    await run(enqueue, password_reset.TASK, email="eve@example.com")
    await run(enqueue, invitations.TASK, invitation_id=await make_invitation(english))
    mails = {mail.to: mail for mail in await mailbox.deliver()}
    assert [_subject(mails, name) for name in ("ute", "eve", "invited")] == [
        "Neues Passwort für TCA InfraForge festlegen",
        "Set a new password for TCA InfraForge",
        "Eve hat Sie zu TCA InfraForge eingeladen",
    ]


def _subject(mails: dict[str, ReadMail], name: str) -> str:
    return next(mail.subject for to, mail in mails.items() if f"{name}@example.com" in to)


async def test_a_german_subject_and_name_arrive_in_html_too(mailbox: Mailbox) -> None:
    await make_user("ute", full_name="Ute <b>", language="de")
    await run(enqueue, password_reset.TASK, email="ute@example.com")
    await mailbox.deliver()
    (file,) = mailbox.folder.glob("*.eml")
    assert '<html lang="de">' in file.read_text()
    assert "Guten Tag Ute &lt;b&gt;," in file.read_text()
    assert "Oder öffnen Sie diese URL: http" in file.read_text()


@pytest.mark.parametrize(
    ("language", "recovered", "planned"),
    [
        (
            "en",
            "Mail recovered after 2 days 4 h",
            "scheduled the maintenance Upgrade, 2098-12-24 10:00 to 2098-12-24 12:00 (Europe/Berlin, UTC+1)",
        ),
        (
            "de",
            "Mail ist wieder verfügbar (Dauer des Ausfalls: 2 Tage 4 h)",
            "hat die Wartung Upgrade geplant, 24.12.2098, 10:00 bis 24.12.2098, 12:00 (Europe/Berlin, UTC+1)",
        ),
    ],
)
async def test_slack_messages_are_in_the_language_of_the_instance(language: str, recovered: str, planned: str) -> None:
    instance.keep({"language": language, "time_zone": "Europe/Berlin"})
    await run(emit, None, HealthRecovered(subject_id=1, subject_name="Mail", incident_id=1, lasted="2 days 4 h"))
    await plan_maintenance(await make_user("ute", is_superuser=True, language="de"))
    events = (await run(read_events, range(100_000))).values()
    texts = [text_of(event) for event in events]
    assert [recovered in text or planned in text for text in texts].count(True) == 2, texts
    assert ("|Öffnen>" if language == "de" else "|Open>") in texts[0]
