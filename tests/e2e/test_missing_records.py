"""The page of a record that is not there says so, and that of a record of others says the same."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tca_app.tca_app import PAGES
from tests.e2e.conftest import create, create_project, create_user, sign_in_by_call, visit
from tests.e2e.test_accessibility import FILE

pytestmark = pytest.mark.e2e
NOWHERE = 999_999_999


def record_pages(ids: dict[str, int]) -> Iterator[str]:
    """The path of each page of one record, by the registry. A new parameter of a route needs an id."""
    for entry in PAGES:
        route, bracket, parameter = entry.route.partition("[")
        if bracket:
            yield f"{route}{ids[parameter.rstrip(']')]}"


def assert_not_found(page: Page, path: str) -> None:
    visit(page, path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
    expect(page).to_have_title(re.compile(r"^(\(\d+\+?\) )?Page not found · "))
    way_back = page.get_by_role("navigation", name="Breadcrumb").get_by_role("link")
    names = way_back.all_inner_texts()
    assert names, path
    assert all(name.strip() for name in names), path


def test_each_page_of_a_record_says_when_there_is_none(new_page: Callable[..., Page], admin: tuple[str, str]) -> None:
    page = new_page()
    create_user(page, "lost", "Lost Reader")
    project = create_project(page, "Hidden Project").strip("/")
    project_id = int(project.rpartition("/")[2])
    ids = {
        "person_id": create_user(page, "hidden", "Hidden Person"),
        "project_id": project_id,
        "deployment_id": create(page, f"{project}/deployments", environment="production", version="1.0.0")["id"],
        "incident_id": create(page, "incidents", title="Hidden", message="Theirs.", project_id=project_id)["id"],
        "file_id": create(page, "imports", kind="users", content=FILE, dry_run=True)["id"],
    }
    of_others, nowhere = list(record_pages(ids)), list(record_pages(dict.fromkeys(ids, NOWHERE)))
    assert len(of_others) >= 5

    sign_in_by_call(page, "lost")
    for path in of_others + nowhere:
        assert_not_found(page, path)
    sign_in_by_call(page, *admin)
    visit(page, f"/imports/{ids['file_id']}")  # what the page showed before does not stay
    for path in nowhere:
        assert_not_found(page, path)
