"""The documentation and the API documents in the console: complete, its own, and with a way back."""

import re
from pathlib import Path

import httpx
import pytest

from tca_app.config.schema import Settings
from tca_app.server.pages.guide import PATH, ROOT, guide_pages, slug
from tests.factories import bearer, make_admin

PICTURES = "screenshots"  # shown in the repository only
PAGES = ("/docs", "/redoc", PATH, f"{PATH}/changelog")


def test_every_page_of_the_documentation_is_shown() -> None:
    there = {path.stem for path in (ROOT / "docs").glob("*.md")} - {PICTURES}
    assert set(guide_pages()) == there | {"changelog"}


def test_every_link_leads_to_a_heading_or_elsewhere() -> None:
    pages = guide_pages()
    anchors = {name: set(re.findall(r' id="([^"]*)"', page.html)) for name, page in pages.items()}
    dead = []
    for name, page in pages.items():
        for link in re.findall(r'href="([^"]*)"', page.html):
            path, _, anchor = link.partition("#")
            other = path.removeprefix(f"{PATH}/") or name
            if "://" not in link and (other not in pages or (anchor and anchor not in anchors[other])):
                dead.append(f"{name}: {link}")
    assert dead == []


def test_html_of_a_page_is_shown_and_not_run() -> None:
    assert not [name for name, page in guide_pages().items() if re.search(r"<(script|img|iframe|style)\b", page.html)]
    assert slug("What `tca` does, and why") == "what-tca-does-and-why"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_has_the_brand_the_theme_and_a_way_back(api: httpx.AsyncClient, path: str) -> None:
    headers = await bearer(await make_admin())
    await api.patch("/api/v1/instance", json={"app_name": "Acme <Console>"}, headers=headers)
    page = await api.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Acme &lt;Console&gt;</title>" in page.text
    assert 'href="/dashboard"' in page.text
    assert 'localStorage.getItem("theme")' in page.text
    policy = page.headers["content-security-policy"]
    assert "'unsafe-eval'" not in policy
    assert policy.count("'sha256-") == page.text.count("<script>")
    assert not re.findall(r'(?:src|url\()="?(https?:|//)', page.text)


async def test_strangers_read_none_of_it_in_production(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "is_production", property(lambda _self: True))
    for path in PAGES:
        assert (await api.get(path)).status_code == 401


async def test_other_pages_do_not_exist(api: httpx.AsyncClient) -> None:
    for path in ("/guide/nothing", "/guide/..%2F..%2F.env", "/guide/screenshots", "/guide/a/b"):
        assert (await api.get(path)).status_code == 404


def test_the_image_has_what_is_shown() -> None:
    kept = (Path(ROOT) / ".dockerignore").read_text().splitlines()
    assert {"!docs", "!CHANGELOG.md"} <= set(kept)
