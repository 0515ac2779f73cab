"""The environments of all projects in a real browser: a table of which only what is near the view is drawn."""

import re

import psycopg
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Console, create_project, sign_in_by_call, visit
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e

FILL = """
WITH made AS (
  INSERT INTO projects (name, slug, owner_id)
  SELECT 'Fleet ' || lpad(n::text, 3, '0'), 'fleet-' || n, (SELECT min(id) FROM users) FROM generate_series(1, 100) AS n
  RETURNING id, name)
INSERT INTO environments (project_id, name, rank)
SELECT id, environment, rank FROM made, (VALUES ('fleet', 0), ('canary', 1), ('edge', 2)) AS added (environment, rank)
"""


def test_all_projects_are_reached_by_scrolling_and_by_keyboard(
    new_page: NewPage, admin: tuple[str, str], console: Console
) -> None:
    with psycopg.connect(f"postgresql://postgres@/tca?host={console.data_dir}/postgres") as connection:
        connection.execute(FILL)
    page = new_page()
    sign_in_by_call(page, *admin, path="/deployments?view=where&q=fleet-")
    table = page.get_by_role("table", name="Environments")
    first, last = table.get_by_role("row", name="Fleet 001"), table.get_by_role("row", name="Fleet 100")
    expect(first).to_be_in_viewport()
    expect(table).to_have_attribute("aria-rowcount", "101")
    expect(last).to_have_count(0)

    page.locator(".matrix-frame .table-scroll").evaluate("(frame) => frame.scrollTo(0, frame.scrollHeight)")
    expect(last).to_be_in_viewport()
    expect(last).to_have_attribute("aria-rowindex", "101")
    expect(table.get_by_role("columnheader", name="Project")).to_be_in_viewport()
    expect(first).to_have_count(0)

    table.get_by_role("button", name="Project").click()
    expect(page).to_have_url(re.compile("sort=-name"))
    expect(last).to_have_attribute("aria-rowindex", "2")
    expect(last).to_be_in_viewport()
    for _ in range(45):
        page.keyboard.press("j")
    expect(table.get_by_role("row", name="Fleet 056")).to_be_focused()
    page.keyboard.press("k")
    expect(table.get_by_role("row", name="Fleet 057")).to_be_focused()

    table.get_by_role("columnheader", name="fleet").get_by_role("button", name="Drift").click()
    expect(page).to_have_url(re.compile("sort=-drift%3Afleet"))
    expect(first).to_be_in_viewport()

    page.set_viewport_size({"width": 780, "height": 720})
    frame = page.locator(".matrix-frame .table-scroll")
    expect(frame).to_have_attribute("data-more", "end")  # where it fades
    assert frame.evaluate("(frame) => { frame.scrollTo(frame.scrollWidth, 0); return frame.scrollLeft }") > 0
    expect(first.get_by_role("rowheader")).to_be_in_viewport(ratio=1)
    expect(frame).to_have_attribute("data-more", "start")


def test_the_columns_and_the_density_of_the_matrix_are_chosen_and_kept(
    new_page: NewPage, admin: tuple[str, str]
) -> None:
    page = new_page()
    create_project(page, "Columns")
    sign_in_by_call(page, *admin, path="/deployments?view=where&q=columns")
    table = page.get_by_role("table", name="Environments")
    staging, production = (table.get_by_role("columnheader", name=name) for name in ("staging", "production"))
    expect(staging).to_be_visible()
    page.get_by_role("button", name="Display options").press("Enter")
    options = page.get_by_role("dialog", name="Display options")
    options.get_by_role("checkbox", name="staging").press("Space")
    expect(staging).to_have_count(0)
    expect(production).to_be_visible()
    options.get_by_role("checkbox", name="Group").press("Space")
    expect(table.get_by_role("columnheader", name="Group")).to_be_hidden()
    options.get_by_role("button", name="Compact").press("Enter")
    expect(table).to_have_class(re.compile("compact"))
    visit(page, "/deployments?view=where&q=columns")
    expect(production).to_be_visible()
    expect(staging).to_have_count(0)
    expect(table).to_have_class(re.compile("compact"))
