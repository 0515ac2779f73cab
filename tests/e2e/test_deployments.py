"""A deployment in real browsers: one person reports it, another watches it with its log."""

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.conftest import ADMIN, Console, create, create_project, launch, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
LINES, BATCH = 10_000, 1_000
AT_END = "box => box.scrollHeight - box.clientHeight - box.scrollTop < 2"


def append_log(page: Page, deployment: object, count: int) -> None:
    login = {"username": ADMIN[0], "password": ADMIN[1]}
    token = page.request.post("/api/auth/login", data=login).json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    for first in range(1, count, BATCH):
        lines = [f"\x1b[31mstep {n}\x1b[0m" for n in range(first, min(first + BATCH, count + 1))]
        data = {"first_seq": first, "lines": lines}
        assert page.request.post(f"/api/v1/deployments/{deployment}/logs", headers=header, data=data).ok


def test_a_deployment_is_watched_live_from_queued_to_succeeded(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Watched Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Deployments").click()
    page.get_by_role("button", name="New deployment").first.click()
    environment = page.get_by_role("combobox", name="Environment")
    environment.fill("produ")
    environment.press("Enter")
    expect(environment).to_have_value("production")
    page.get_by_label("Version").fill("1.4.2")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="1.4.2").click()
    expect(page.get_by_text("Queued").first).to_be_visible()

    watcher = new_page()
    sign_in_by_call(watcher, *admin, path=page.url)
    expect(watcher.get_by_text("No log output yet.")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Start").click()
    expect(watcher.locator(".page-head").get_by_text("In progress")).to_be_visible()

    append_log(page, page.url.rsplit("/", 1)[-1], LINES)
    watcher.get_by_role("log").scroll_into_view_if_needed()
    last = watcher.locator(f"[data-seq='{LINES}']")
    expect(last).to_be_in_viewport()
    expect(last.locator(".ansi-1")).to_have_text(f"step {LINES}")

    watcher.get_by_role("log").press("PageUp")
    expect(watcher.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    watcher.get_by_role("searchbox", name="Search the log").fill("step 17")
    expect(watcher.locator("[data-seq='17']")).to_be_in_viewport()
    expect(watcher.get_by_text("1 of 111")).to_be_visible()
    with watcher.expect_download() as download:
        watcher.get_by_role("link", name="Download").click()
    assert len(download.value.path().read_text().splitlines()) == LINES

    wall = new_page()
    sign_in_by_call(wall, *admin, path="/projects?q=watched")
    wall.get_by_role("button", name="Environments").click()
    expect(wall.get_by_text("Deploying")).to_be_visible()
    page.get_by_role("button", name="Mark as succeeded").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Mark as succeeded").click()
    expect(watcher.get_by_role("listitem").get_by_text("Succeeded")).to_be_visible()
    expect(watcher.get_by_role("button", name="Roll back")).to_have_count(0)  # nothing ran there before
    expect(wall.get_by_role("cell", name="1.4.2")).to_be_visible()
    expect(wall.get_by_text("Deploying")).to_be_hidden()


def test_scrolling_up_by_wheel_scroll_bar_or_finger_stops_follow_until_the_end_is_reached(
    playwright_: Playwright, console: Console, admin: tuple[str, str]
) -> None:
    with (
        launch(playwright_, ignore_default_args=["--hide-scrollbars"]) as browser,
        browser.new_context(base_url=console.url, has_touch=True) as context,
    ):
        page = context.new_page()
        project = create_project(page, "Scrolled Project")
        report = {"environment": "production", "version": "1.5.0", "status": "in_progress"}
        deployment = create(page, f"{project.strip('/')}/deployments", **report)["id"]
        append_log(page, deployment, 100)
        sign_in_by_call(page, *admin, path=f"/deployments/{deployment}")
        log, follow = page.get_by_role("log"), page.get_by_role("button", name="Follow")
        log.scroll_into_view_if_needed()
        expect(page.locator("[data-seq='100']")).to_be_in_viewport()
        frame = log.bounding_box()
        assert frame is not None
        middle, bar = frame["x"] + frame["width"] / 2, frame["x"] + frame["width"] - 6
        end = frame["y"] + frame["height"] - 40

        def by_wheel() -> None:
            page.mouse.move(middle, end)
            page.mouse.wheel(0, -200)

        def by_scroll_bar() -> None:
            page.mouse.move(bar, end)
            page.mouse.down()
            page.mouse.move(bar, end - 60, steps=3)
            page.mouse.up()

        def by_finger() -> None:
            points = [{"x": middle, "y": end - 100 + moved} for moved in range(0, 81, 20)]
            touches = [("touchStart", points[:1]), *(("touchMove", [point]) for point in points[1:]), ("touchEnd", [])]
            session = context.new_cdp_session(page)
            for kind, at in touches:
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        def to_end() -> None:
            page.mouse.move(middle, end)
            page.mouse.wheel(0, 2000)

        for scroll_up, resume in ((by_wheel, to_end), (by_scroll_bar, to_end), (by_finger, follow.click)):
            expect(follow).to_have_attribute("aria-pressed", "true")
            assert log.evaluate(AT_END), scroll_up.__name__
            scroll_up()
            expect(follow).to_have_attribute("aria-pressed", "false")
            assert not log.evaluate(AT_END), scroll_up.__name__
            resume()
        expect(follow).to_have_attribute("aria-pressed", "true")
        follow.click()
        expect(follow).to_have_attribute("aria-pressed", "false")
        log.press("Home")
        log.press("End")
        expect(follow).to_have_attribute("aria-pressed", "true")


def test_a_freeze_is_passed_with_a_reason(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Frozen Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Freeze").click()
    page.get_by_label("Reason").fill("Christmas")
    page.get_by_role("dialog").get_by_role("button", name="Freeze").click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Deployments").click()
    page.get_by_role("button", name="New deployment").first.click()
    expect(page.get_by_text("development is frozen until")).to_be_visible()
    page.get_by_label("Version").fill("1.4.3")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Enter a reason for overriding the freeze.")).to_be_visible()
    page.get_by_label("Reason for overriding the freeze").fill("Security fix")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="1.4.3").click()
    expect(page.get_by_text("Overrode a freeze window: Security fix")).to_be_visible()


def test_the_tier_of_an_environment_is_guessed_shown_and_changed(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Tiered Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    heading = page.get_by_role("heading", name="Environments", exact=True)
    page.locator("section", has=heading).get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Tier")).to_have_value("")
    dialog.get_by_label("Name", exact=True).fill("prod-eu")
    dialog.get_by_role("button", name="Create").click()
    line = page.get_by_role("row").filter(has_text="prod-eu")
    expect(line.get_by_text("Production", exact=True)).to_be_visible()
    line.get_by_role("button", name="Edit prod-eu").click()
    expect(dialog.get_by_label("Tier")).to_have_value("production")
    dialog.get_by_label("Tier").select_option("Testing")
    dialog.get_by_role("button", name="Save").click()
    expect(line.get_by_text("Testing", exact=True)).to_be_visible()
    page.goto("/dora")
    expect(page.get_by_text("Environments with the tier Production.")).to_be_visible()
