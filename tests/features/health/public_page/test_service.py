"""The public status page: off by default, only chosen components, and no internal detail."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from tca_app.config.settings import get_settings
from tca_app.core.errors import Unavailable
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import NoteCreate
from tca_app.features.health.probing.runs import minute_of
from tca_app.features.health.public_page import page as public_page
from tca_app.features.health.public_page.service import read_public
from tca_app.models import HealthRoll
from tests.factories import make_admin, make_check, make_incident, make_project, make_user, run
from tests.features.health.history.test_service import roll

PAGE, JSON, FEED, BADGE = "/status/public", "/status/public.json", "/status/feed.xml", "/status/badge.svg"


def just_now() -> dict[str, Any]:
    return {"is_public": True, "state": "passing", "last_ok": True, "last_at": datetime.now(UTC)}


async def test_while_it_is_off_there_is_nothing(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "status_public", False)
    await make_check(name="Shop production", **just_now())
    for path in (PAGE, JSON, FEED, BADGE, f"{BADGE}?component=Shop%20production"):
        answer = await api.get(path)
        assert answer.status_code == 404
        assert "Shop" not in answer.text


async def test_everybody_sees_what_was_chosen_and_nothing_else(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    place = await make_check(await make_project(owner, "Shop"), "Shop production", **just_now())
    await make_check(await make_project(owner, "Ledger"), "Ledger production", state="failing")
    gone = await make_project(owner, "Gone", deleted_at=datetime.now(UTC))
    await make_check(gone, "Gone production", **just_now())
    await make_check(name="Retired", retired_at=datetime.now(UTC), **just_now())
    await make_incident(await make_check(name="Hidden"), reason="hidden")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    today = {"check_id": place, "seconds": 86_400, "starts_at": midnight}
    counted = {"count": 1440, "passed": 1404, "latency_sum_ms": 10.0, "latency_max_ms": 1.0}

    async def fill(session: Any) -> None:
        await session.execute(insert(HealthRoll).values(today | counted))

    await run(fill)
    found = (await api.get(JSON)).json()
    assert found["components"] == [
        {"name": "Shop production", "state": "passing", "days": [{"day": f"{midnight:%F}", "share": 0.975}]}
    ]
    assert found["incidents"] == []
    page = (await api.get(PAGE)).text
    assert re.findall("<h3>(.*?)</h3>", page) == ["Shop production"]
    assert "All systems operational" in page
    assert "97.50%" in page


async def test_incidents_are_shown_with_their_public_notes(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    now = datetime.now(UTC)
    check_id = await make_check(name="Shop <b>", **just_now() | {"state": "failing"})
    over = {"opened_at": now - timedelta(days=2), "closed_at": now - timedelta(days=2) + timedelta(minutes=41)}
    await make_incident(check_id, **over)
    old = {"opened_at": now - timedelta(days=40), "closed_at": now - timedelta(days=31)}
    await make_incident(check_id, **old)
    lasting = await make_incident(check_id, opened_at=minute_of(now) - timedelta(minutes=7))
    for text, is_public in (("Only <i>for</i> us.", False), ("We are <i>on</i> it.", True)):
        await run(incidents.add_note, admin, lasting, NoteCreate(note=text, is_public=is_public))
    found = (await api.get(JSON)).json()["incidents"]
    assert [(one["closed_at"] is None, [note["note"] for note in one["notes"]]) for one in found] == [
        (True, ["We are <i>on</i> it."]),
        (False, []),
    ]
    page = (await api.get(PAGE)).text
    assert "We are &lt;i&gt;on&lt;/i&gt; it." in page
    assert "Only" not in page
    assert "Resolved after 41 min" in page
    assert re.search("Ongoing for [78] min", page)  # counted from the minute
    assert "1 of 1 components down" in page


async def test_no_url_reason_or_person_is_ever_shown(api: httpx.AsyncClient) -> None:
    """Recognisable values in every column that the page must not read."""
    canary = "canary7q"
    owner = await make_user(f"{canary}owner", email=f"{canary}@example.com")
    project_id = await make_project(owner, "Shop", description=canary, slug=canary, repository_url=f"https://{canary}")
    fields = just_now() | {"url": f"https://{canary}.example.com", "last_detail": canary, "last_latency_ms": 777.125}
    check_id = await make_check(project_id, "Shop production", key=canary, **fields)
    incident = await make_incident(check_id, reason=f"{canary} refused the connection")
    await run(incidents.add_note, owner, incident, NoteCreate(note=canary))
    await run(incidents.add_note, owner, incident, NoteCreate(note="We are on it.", is_public=True))
    for path in (PAGE, JSON, FEED):
        answer = await api.get(path)
        assert "We are on it." in answer.text
        assert canary not in f"{answer.headers} {answer.text}".lower()
        assert not re.search(r"\b777\b", answer.text)  # as a number: the id of an incident may have these digits


async def test_an_overdue_check_is_not_shown_as_known(api: httpx.AsyncClient) -> None:
    then = datetime.now(UTC) - timedelta(minutes=10)
    await make_check(name="Late", **just_now() | {"last_at": then})
    await make_check(name="Slow", interval_s=3600, **just_now() | {"last_at": then})
    await make_check(name="Resting", is_paused=True, **just_now())
    found = (await api.get(JSON)).json()["components"]
    assert {one["name"]: one["state"] for one in found} == {"Late": "unknown", "Slow": "passing", "Resting": "paused"}
    assert "Some components have no recent check" in (await api.get(PAGE)).text


async def test_what_is_not_listed_is_counted_and_what_fails_is_listed_first(api: httpx.AsyncClient) -> None:
    for number in range(101):
        await make_check(name=f"Part {number:03}", weight=2, **just_now())
    broken = await make_check(name="Shop production", weight=1, **just_now() | {"state": "failing"})
    await make_incident(broken)
    await make_incident(await make_check(name="Zebra", weight=0, **just_now()))
    found = (await api.get(JSON)).json()
    assert (len(found["components"]), found["components"][0]["name"]) == (100, "Shop production")
    assert found["totals"] == {"components": 103, "failing": 1, "unknown": 0, "paused": 0, "maintenance": 0}
    assert {one["component"] for one in found["incidents"]} == {"Shop production", "Zebra"}
    page = (await api.get(PAGE)).text
    assert "1 of 103 components down" in page
    assert "3 more are not listed" in page


async def test_today_is_today_when_nothing_was_probed_for_days(api: httpx.AsyncClient) -> None:
    """The bar on the right is called so; it must not be the day of the last probe."""
    then = datetime.combine(datetime.now(UTC).date(), time.min, UTC) - timedelta(days=3)
    check_id = await make_check(name="Shop production", **just_now() | {"last_at": then, "state": "failing"})
    await roll(check_id, then, 10, 10)
    await make_incident(check_id, opened_at=then)
    page = (await api.get(PAGE)).text
    (bar,) = re.findall('class="good" d="M([0-9]+) ', page)
    assert int(bar) == 4 * (89 - 3)
    assert re.search("Ongoing for 3 days [0-9]+ h", page)


async def test_what_is_not_watched_is_not_said_to_work(api: httpx.AsyncClient) -> None:
    await make_check(name="Resting", is_paused=True, **just_now())
    assert "No components are monitored" in (await api.get(PAGE)).text
    public_page._kept.cache_clear()
    await make_check(name="Shop production", **just_now())
    assert "All monitored systems operational" in (await api.get(PAGE)).text


async def test_a_crowd_makes_it_once_and_who_has_it_gets_nothing_again(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_check(name="Shop production", **just_now())
    read, reads = read_public, []

    async def counted(session: Any) -> Any:
        reads.append(session)
        return await read(session)

    monkeypatch.setattr(public_page, "read_public", counted)
    first = await api.get(PAGE)
    again = await api.get(PAGE, headers={"If-None-Match": f'W/"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (await api.get(JSON)).headers["etag"] != first.headers["etag"]
    assert len(reads) == 1
    assert first.headers["cache-control"] == "public, max-age=15"
    public_page._kept.cache_clear()
    assert (await api.get(PAGE)).headers["etag"] == first.headers["etag"]  # nothing changed


async def test_the_page_needs_no_script_and_allows_none(api: httpx.AsyncClient) -> None:
    answer = await api.get(PAGE)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy + answer.text
    assert " style=" not in answer.text
    assert "No components yet" in answer.text


@pytest.mark.parametrize("error", [Unavailable(), OSError("gone")])
async def test_without_its_database_it_says_so(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries = []

    @asynccontextmanager
    async def away() -> AsyncIterator[None]:
        tries.append(1)
        raise error
        yield

    monkeypatch.setattr(public_page, "reading", away)
    for _ in range(3):
        page = await api.get(PAGE)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "temporarily unavailable" in page.text
        assert "retry-after" in page.headers
    assert (await api.get(JSON)).json()["code"] == "unavailable"
    assert len(tries) == 1  # nobody waits for it again within two seconds


async def test_who_asks_too_often_has_to_wait(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "rate_limit_api", "2/minute")
    get_limits.cache_clear()
    try:
        codes = [(await api.get(path)).status_code for path in (PAGE, JSON, PAGE)]
    finally:
        get_limits.cache_clear()
    assert codes == [200, 200, 429]
