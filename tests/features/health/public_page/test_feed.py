"""The feed and the badges of the public status page."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import httpx

from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import NoteCreate
from tca_app.features.health.public_page import badge, page as public_page
from tests.factories import make_admin, make_check, make_incident, run
from tests.features.health.public_page.test_service import just_now

FEED, BADGE, PAGE = "/status/feed.xml", "/status/badge.svg", "/status/public"
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = '<script>x</script> & "\ufffe'


def parse(answer: httpx.Response) -> ElementTree.Element:
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.content)


async def entries(api: httpx.AsyncClient) -> list[dict[str, str]]:
    public_page._kept.cache_clear()
    feed = parse(await api.get(FEED))
    return [
        {child.tag.removeprefix(ATOM): child.text or "" for child in entry} for entry in feed.findall(f"{ATOM}entry")
    ]


async def test_an_entry_keeps_its_id_while_its_incident_goes_on(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    opened = datetime.now(UTC) - timedelta(days=1)
    check_id = await make_check(name="Shop", **just_now() | {"state": "failing"})
    incident = await make_incident(check_id, opened_at=opened, reason="the reason")
    (first,) = await entries(api)
    assert first["title"] == "Shop is down"
    assert datetime.fromisoformat(first["updated"]) == opened.replace(microsecond=0)
    await run(incidents.add_note, admin, incident, NoteCreate(note="Only for us."))
    assert await entries(api) == [first]
    await run(incidents.add_note, admin, incident, NoteCreate(note="We are on <it>.", is_public=True))
    (second,) = await entries(api)
    assert second["id"] == first["id"]
    assert second["updated"] > first["updated"]
    assert "We are on &lt;it&gt;." in second["content"]
    assert "the reason" not in second["content"]
    page = (await api.get(PAGE)).text
    assert f'<li id="{first["id"].removeprefix("urn:uuid:")}">' in page
    assert f'type="application/atom+xml" title="TCA InfraForge status" href="{FEED}"' in page


async def test_the_feed_says_when_an_incident_ended_and_has_what_atom_requires(api: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    check_id = await make_check(name=HOSTILE, **just_now())
    await make_incident(check_id, opened_at=now - timedelta(hours=2), closed_at=now - timedelta(hours=1))
    (entry,) = await entries(api)
    assert entry["title"] == '<script>x</script> & "\ufffd: resolved after 1 h 0 min'
    answer = await api.get(FEED)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = parse(answer)
    assert [feed.findtext(f"{ATOM}{name}") for name in ("title", "updated")] == [
        "TCA InfraForge status",
        entry["updated"],
    ]
    links = {link.get("rel"): link.get("href", "") for link in feed.findall(f"{ATOM}link")}
    assert links["self"].endswith(FEED)
    assert links["alternate"].endswith(PAGE)
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "TCA InfraForge"
    again = await api.get(FEED, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_without_incidents_the_feed_is_valid(api: httpx.AsyncClient) -> None:
    feed = parse(await api.get(FEED))
    assert feed.findtext(f"{ATOM}updated")
    assert feed.findall(f"{ATOM}entry") == []


async def test_a_badge_says_how_the_page_and_its_components_are(api: httpx.AsyncClient) -> None:
    await make_check(name="Shop", **just_now())
    await make_check(name="Ledger", **just_now() | {"state": "failing"})
    await make_check(name="Hidden", state="failing")
    for query, words in (("", "status: 1 of 2 down"), ("?component=Shop", "Shop: Operational")):
        answer = await api.get(BADGE + query)
        svg = parse(answer)
        assert svg.get("aria-label") == words
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["cache-control"] == "public, max-age=15"
        again = await api.get(BADGE + query, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    hidden, unknown = [(await api.get(f"{BADGE}?component={name}")) for name in ("Hidden", "Nothing")]
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.json()["detail"] == unknown.json()["detail"]


async def test_a_badge_of_a_hostile_name_is_text_and_the_worst_of_one_name_counts(api: httpx.AsyncClient) -> None:
    await make_check(name=HOSTILE, **just_now() | {"state": "failing"})
    await make_check(name=HOSTILE, key="another", **just_now())
    answer = await api.get(BADGE, params={"component": HOSTILE})
    svg = parse(answer)
    assert svg.get("aria-label") == '<script>x</script> & "\ufffd: Down'
    assert "<script" not in answer.text


async def test_a_component_that_is_not_listed_has_a_badge(api: httpx.AsyncClient) -> None:
    for number in range(101):
        await make_check(name=f"Part {number:03}", **just_now())
    assert parse(await api.get(f"{BADGE}?component=Part%20100")).get("aria-label") == "Part 100: Operational"


def test_a_long_name_is_cut_and_no_text_is_wider_than_its_half() -> None:
    for name in ("x" * 255, "漢" * 255, "W" * 255, "i"):
        made = badge.component_badge(name, "passing")
        assert len(made.label.text) <= badge.MAX_LABEL
        assert 0 < made.label.text_width < made.label.width
        assert made.width < 1000
