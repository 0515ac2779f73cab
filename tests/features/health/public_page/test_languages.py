"""The public page, its feed and its badges in the language of the visitor."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import httpx
import pytest

from tca_app.config.settings import get_settings
from tca_app.core import instance
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import IncidentCreate, NoteCreate
from tca_app.features.health.maintenance.schemas import MaintenanceCreate
from tca_app.features.health.maintenance.service import create_window
from tests.factories import make_admin, make_check, make_incident, run
from tests.features.health.public_page.test_service import just_now

PAGE, FEED, BADGE = "/status/public", "/status/feed.xml", "/status/badge.svg"
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
AT = datetime(2098, 12, 24, 9, tzinfo=UTC)


async def happen() -> None:
    """One component is down, one incident was resolved, one was opened by hand, and maintenance is planned."""
    admin, now = await make_admin(), datetime.now(UTC)
    shop = await make_check(name="Shop", **just_now() | {"state": "failing"})
    ledger = await make_check(name="Ledger", **just_now())
    await make_incident(shop, opened_at=now - timedelta(days=2, hours=3, minutes=5))
    await make_incident(ledger, opened_at=now - timedelta(hours=3), closed_at=now - timedelta(hours=1))
    opened = {"title": "Slow", "severity": "critical", "message": "We look.", "is_public": True, "check_ids": [ledger]}
    made = await run(incidents.create_incident, admin, IncidentCreate.model_validate(opened))
    note = NoteCreate(note="A cable.", status="identified", is_public=True)
    await run(incidents.add_note, admin, made.id, note)
    window = {"title": "Upgrade", "is_public": True, "check_ids": [ledger], "starts_at": AT}
    await run(create_window, admin, MaintenanceCreate.model_validate(window | {"ends_at": AT + timedelta(hours=2)}))


TEXTS = {
    "en": (
        "1 of 2 components down",
        "Ongoing for 2 days 3 h",
        "Resolved after 2 h 0 min",
        "Critical",
        "Identified",
        "Affects Ledger",
        ">24 December 2098, 09:00 UTC</time> to <time",
        "Planned",
        "90 days ago",
        "Get mails about incidents",
        'lang="de" hreflang="de">Deutsch</a>',
        '<html lang="en">',
    ),
    "de": (
        "1 von 2 Komponenten ausgefallen",
        "Dauer bisher: 2 Tage 3 h",
        "Behoben (Dauer: 2 h 0 min)",
        "Kritisch",
        "Ursache gefunden",
        "Betrifft Ledger",
        ">24. Dezember 2098, 10:00 CET</time> bis <time",
        "Geplant",
        "vor 90 Tagen",
        "E-Mails zu Vorfällen erhalten",
        'lang="en" hreflang="en">English</a>',
        '<html lang="de">',
    ),
}


@pytest.mark.parametrize("language", TEXTS)
async def test_the_page_is_in_the_language_of_the_browser(api: httpx.AsyncClient, language: str) -> None:
    before = instance._stored
    instance.keep({"time_zone": "Europe/Berlin"} if language == "de" else {})
    try:
        await happen()
        answer = await api.get(PAGE, headers=GERMAN if language == "de" else {})
    finally:
        instance.keep(before)
    assert [text for text in TEXTS[language] if text not in answer.text] == []
    assert answer.headers["vary"].startswith("Accept-Language, Cookie")
    assert answer.headers["content-language"] == language


async def test_the_url_names_a_language_and_links_keep_it(api: httpx.AsyncClient) -> None:
    await make_check(name="Shop", **just_now())
    english = await api.get(PAGE)
    german = await api.get(f"{PAGE}?language=de")
    assert (english.headers["content-language"], german.headers["content-language"]) == ("en", "de")
    assert english.headers["etag"] != german.headers["etag"]
    assert f'href="{FEED}?language=de"' in german.text
    assert 'action="/status/public/subscribe?language=de"' in german.text
    assert f'href="{PAGE}?language=de" lang="de"' in english.text
    chosen = await api.get(f"{PAGE}?language=en", headers=GERMAN)
    by_cookie = await api.get(PAGE, headers={"Cookie": "language=de"})
    unknown = await api.get(f"{PAGE}?language=tlh", headers=GERMAN)
    assert [one.headers["content-language"] for one in (chosen, by_cookie, unknown)] == ["en", "de", "de"]
    again = await api.get(PAGE, headers={"If-None-Match": german.headers["etag"]})
    assert again.status_code == 200  # the ETag of another language


@pytest.mark.parametrize(
    ("query", "headers", "badge", "component", "title"),
    [
        ("", {}, "status: 1 of 2 down", "Shop: Down", "Ledger: resolved after 2 h 0 min"),
        ("?language=de", {}, "Status: 1 von 2 ausgefallen", "Shop: Ausgefallen", "Ledger: behoben (Dauer: 2 h 0 min)"),
        ("", GERMAN, "Status: 1 von 2 ausgefallen", "Shop: Ausgefallen", "Ledger: behoben (Dauer: 2 h 0 min)"),
    ],
)
async def test_feed_and_badges_are_in_the_language(
    api: httpx.AsyncClient, query: str, headers: dict[str, str], badge: str, component: str, title: str
) -> None:
    await happen()
    assert f'aria-label="{badge}"' in (await api.get(BADGE + query, headers=headers)).text
    of_component = await api.get(f"{BADGE}{query or '?'}&component=Shop", headers=headers)
    assert f'aria-label="{component}"' in of_component.text
    answer = await api.get(FEED + query, headers=headers)
    feed = ElementTree.fromstring(answer.content)
    language = "de" if query or headers else "en"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == language
    assert title in answer.text
    assert ("Ursache gefunden: A cable." in answer.text) is (language == "de")
    ids = [child.text for child in feed.iter("{http://www.w3.org/2005/Atom}id")]
    assert str(ids[0]).endswith(FEED)  # the same feed and entries in each language


async def test_a_component_of_the_console_has_its_name_in_the_language(api: httpx.AsyncClient) -> None:
    await make_incident(await make_check(name="Disk", **just_now() | {"state": "failing"}), opened_at=datetime.now(UTC))
    page, feed = [await api.get(f"{path}?language=de") for path in (PAGE, FEED)]
    badge = await api.get(f"{BADGE}?component=Disk&language=de")
    assert page.text.count("<h3>Festplatte</h3>") == 2
    assert "<title>Festplatte ist ausgefallen</title>" in feed.text
    assert "Festplatte: Ausgefallen" in badge.text


async def test_json_is_english_for_scripts(api: httpx.AsyncClient) -> None:
    await happen()
    answer = await api.get("/status/public.json", headers=GERMAN)
    assert "Shop is down" in answer.text
    assert "Language" not in answer.headers["vary"]


async def test_a_page_that_is_off_says_so_in_the_language(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "status_public", False)
    answer = await api.get(PAGE, headers=GERMAN)
    assert (answer.status_code, "Diese Konsole hat keine öffentliche Statusseite." in answer.text) == (404, True)
