"""The daily digest: for those who enabled it, once a day, with what they have not read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.digest import plan
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import enqueue
from tests.factories import bearer, do_jobs, make_notification, make_user, run

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
MORNING = TODAY + timedelta(days=1, hours=7, minutes=7)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    return tmp_path / "mail"


async def choose(api: httpx.AsyncClient, actor: Actor) -> None:
    change = {"preferences": [{"kind": "digest", "channel": "mail", "is_on": True}]}
    answer = await api.patch("/api/v1/notifications/preferences", headers=await bearer(actor), json=change)
    assert answer.status_code == 200, answer.text


async def _mails(at: datetime, folder: Path) -> list[str]:
    await plan(at)
    await do_jobs()
    return _read(folder)


def _read(folder: Path) -> list[str]:
    return sorted(path.read_text() for path in folder.glob("digest-*.eml"))


async def test_it_comes_once_a_day_to_those_who_chose_it(api: httpx.AsyncClient, folder: Path) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    for whom in (ana, bo, ana):
        await make_notification(whom)
    await choose(api, ana)
    assert await _mails(MORNING - timedelta(hours=1), folder) == []  # not yet morning
    (mail,) = await _mails(MORNING, folder)
    assert "2 unread notifications" in mail
    assert "ana@" in mail
    assert len(await _mails(MORNING + timedelta(hours=1), folder)) == 1
    assert len(await _mails(MORNING + timedelta(days=1), folder)) == 1  # nothing new since


async def test_the_morning_is_that_of_the_reader(api: httpx.AsyncClient, folder: Path) -> None:
    tokyo, delhi = await make_user("ana", time_zone="Asia/Tokyo"), await make_user("bob", time_zone="Asia/Kolkata")
    for whom in (tokyo, delhi):
        await make_notification(whom)
        await choose(api, whom)
    seven_in_tokyo = TODAY + timedelta(hours=22)
    assert await _mails(seven_in_tokyo - timedelta(minutes=1), folder) == []
    assert ["ana@" in mail for mail in await _mails(seven_in_tokyo, folder)] == [True]
    assert len(await _mails(seven_in_tokyo + timedelta(hours=3, minutes=29), folder)) == 1
    assert len(await _mails(seven_in_tokyo + timedelta(hours=3, minutes=30), folder)) == 2


async def test_who_has_read_everything_gets_none(api: httpx.AsyncClient, folder: Path) -> None:
    ana = await make_user("ana")
    await make_notification(ana)
    await choose(api, ana)
    async with transaction() as session:
        await session.execute(text("UPDATE notifications SET read_at = now()"))
    assert await _mails(MORNING, folder) == []


async def test_it_is_offered_by_mail_only(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_user("ana"))
    change = {"preferences": [{"kind": "digest", "channel": "inbox", "is_on": True}]}
    assert (await api.patch("/api/v1/notifications/preferences", headers=header, json=change)).status_code == 403


async def test_one_that_could_not_be_sent_until_the_next_one_is_left_out(api: httpx.AsyncClient, folder: Path) -> None:
    ana = await make_user("ana")
    await make_notification(ana)
    await choose(api, ana)
    yesterday = datetime.now(UTC) - timedelta(days=2)
    since = (yesterday - timedelta(days=1)).isoformat()
    for day in (yesterday, datetime.now(UTC)):
        await run(enqueue, "send_digest", user_id=ana.user_id, since=since, day=str(day.date()))
    await do_jobs()
    (mail,) = _read(folder)
    assert f"<digest-{datetime.now(UTC).date()}." in mail
