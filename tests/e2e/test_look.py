"""The look of the console: the sidebar, what keeps its place, rows of cards, initials and the colours of statuses."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Console, create, create_administrator, create_project, sign_in_by_call, visit

pytestmark = pytest.mark.e2e
DESKTOP, TABLET, PHONE = ({"width": width, "height": 900} for width in (1280, 1000, 390))
ON_A_MAC = "Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })"
# The links of the sidebar below their titles.
SECTIONS = """() => {
  const sections = {};
  let links;
  for (const one of document.querySelector("nav.nav").children) {
    if (one.matches(".nav-title")) links = sections[one.textContent] = [];
    else if (one.matches("a")) links.push(one.textContent);
  }
  return sections;
}"""
# The bottoms of panels and cards that begin at one height, where they are not all the same. The rail is a column.
UNEVEN = """() => {
  const rows = new Map(), uneven = [];
  for (const one of document.querySelectorAll("main .panel")) {
    if (one.closest(".rail") || one.parentElement.closest(".panel")) continue;
    const { top, bottom, height } = one.getBoundingClientRect();
    const row = Math.round(top + scrollY);
    if (height) rows.set(row, [...(rows.get(row) ?? []), Math.round(bottom + scrollY)]);
  }
  for (const bottoms of rows.values()) if (Math.max(...bottoms) - Math.min(...bottoms) > 1) uneven.push(bottoms);
  return [Math.max(...[...rows.values()].map((bottoms) => bottoms.length)), uneven];
}"""
# Where the buttons and the link of the sign-in page are, in each frame in which they are elsewhere.
MOVES = """
  window.places = [];
  const look = () => {
    requestAnimationFrame(look);
    const all = [...document.querySelectorAll("form button, .auth-foot a")];
    const shown = all.filter((one) => one.offsetParent && !one.textContent.includes("Acme"));
    const tops = shown.map((one) => Math.round(one.getBoundingClientRect().top));
    if (tops.length && String(window.places.at(-1)) !== String(tops)) window.places.push(tops);
  };
  requestAnimationFrame(look);
"""
# The contrast of each badge and the lightness of each colour of a chart, from 0 to 1.
COLOURS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const luminance = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
      .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const home = document.querySelector("main"), badges = {}, marks = {};
  const styled = (className, css) => {
    const one = home.appendChild(document.createElement("span"));
    one.className = className;
    one.style.cssText = css;
    const { color, backgroundColor } = getComputedStyle(one);
    one.remove();
    return [luminance(color), luminance(backgroundColor)];
  };
  for (const tone of ["", "good", "warn", "bad", "info"]) {
    const [light, dark] = styled(`badge ${tone}`, "").toSorted((a, b) => b - a);
    badges[tone || "neutral"] = (light + .05) / (dark + .05);
  }
  for (const tone of ["good", "warn", "bad", "info"]) marks[tone] = styled("", `color: var(--${tone})`)[0];
  return [badges, marks];
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, console: Console, admin: tuple[str, str]) -> Iterator[Page]:
    """The dashboard of an administrator who has chosen nothing, on a Mac."""
    with browser.new_context(base_url=console.url, viewport=DESKTOP, reduced_motion="reduce") as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.add_init_script(ON_A_MAC)
        create_administrator(page, "luca", "Luca de Rossi")
        project = create_project(page, "Look Project").strip("/")
        create(page, f"{project}/deployments", environment="production", version="1.0.0", status="succeeded")
        sign_in_by_call(page, "luca")
        yield page


def test_the_sidebar_is_grouped_and_folds_where_there_is_no_room(page: Page) -> None:
    sections = page.evaluate(SECTIONS)
    assert list(sections) == ["Overview", "Delivery", "Operations", "Administration", "You"]
    assert sections["Overview"] == ["Dashboard", "Notifications"]
    assert sections["Delivery"] == ["Projects", "Deployments", "DORA metrics"]
    assert sections["Operations"] == ["Status", "Activity"]
    assert {"Users", "Jobs", "Webhooks", "Instance settings"} <= set(sections["Administration"])

    sidebar, label = page.locator("#sidebar"), page.locator("#sidebar .nav .label", has_text="Dashboard")
    assert label.bounding_box()["width"] > 40  # type: ignore[index]
    page.set_viewport_size(TABLET)
    assert sidebar.bounding_box()["width"] == 56  # type: ignore[index]
    assert label.bounding_box()["width"] <= 1  # type: ignore[index]
    expect(sidebar.get_by_role("link", name="Dashboard").locator("svg").last).to_be_visible()

    page.set_viewport_size(PHONE)
    link = sidebar.get_by_role("link", name="Projects")
    expect(link).not_to_be_in_viewport()
    page.get_by_role("button", name="Navigation", exact=True).click()
    expect(link).to_be_in_viewport()
    page.get_by_role("button", name="Close the navigation").click(position={"x": 380, "y": 400})
    expect(link).not_to_be_in_viewport()
    page.set_viewport_size(DESKTOP)


def test_the_palette_opens_with_the_key_of_a_mac_and_keeps_its_place(page: Page) -> None:
    expect(page.get_by_role("button", name="Search and commands").locator("kbd")).to_have_text(
        "⌘ K", use_inner_text=True
    )
    page.keyboard.press("Meta+k")
    dialog, options = page.get_by_role("dialog", name="Search and commands"), page.get_by_role("option")
    expect(options.first).to_be_visible()
    place = dialog.bounding_box()
    for text in ("look project", "nothing is called so"):
        page.keyboard.insert_text(text)
        expect(dialog.locator("[data-palette]")).to_have_attribute("data-found-for", text)
        assert dialog.bounding_box() == place, text
        page.keyboard.press("ControlOrMeta+a")
    expect(options).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_somebody_without_a_picture_has_initials(page: Page) -> None:
    face = page.get_by_role("button", name="Account", exact=True).locator(".avatar")
    expect(face).to_have_text("LR")
    assert face.locator("img").count() == 0


def test_statuses_are_told_apart_without_their_hue(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_class(scheme)
        badges, marks = page.evaluate(COLOURS)
        assert min(badges.values()) >= 4.5, (scheme, badges)
        # What a chart or a bar shows beside each other; the blue of what is in progress has an icon everywhere.
        contrasts = {
            (one, other): (max(marks[one], marks[other]) + 0.05) / (min(marks[one], marks[other]) + 0.05)
            for one, other in combinations(("good", "bad", "warn"), 2)
        }
        assert min(contrasts.values()) >= 1.2, (scheme, contrasts)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_the_cards_of_a_row_end_at_one_height(page: Page) -> None:
    expect(page.get_by_text("Updated ").first).to_be_visible()
    most, uneven = page.evaluate(UNEVEN)
    assert (most >= 4, uneven) == (True, [])
    visit(page, "/projects?q=look")
    page.get_by_role("link", name="Look Project").click()
    expect(
        page.get_by_role("region", name="DORA metrics").or_(page.get_by_text("DORA metrics for production"))
    ).to_be_visible()
    most, uneven = page.evaluate(UNEVEN)
    assert (most >= 3, uneven) == (True, [])


@pytest.mark.parametrize("has_passkeys", [True, False])
def test_nothing_to_press_on_the_sign_in_page_moves(browser: Browser, console: Console, has_passkeys: bool) -> None:
    with browser.new_context(base_url=console.url, viewport=DESKTOP) as context:
        page = context.new_page()
        page.add_init_script(MOVES)
        if not has_passkeys:
            page.add_init_script("delete window.PublicKeyCredential")
        page.goto("/login")
        expect(page.get_by_role("link", name="Continue with Acme")).to_be_visible()
        passkey = page.get_by_role("button", name="Continue with a passkey")
        expect(passkey).to_be_visible(visible=has_passkeys)
        places = page.evaluate("window.places")
        assert {len(tops) for tops in places} == {4 if has_passkeys else 3}
        # The font of the page is a pixel higher than the one until it is there.
        assert all(max(tops) - min(tops) <= 1 for tops in zip(*places, strict=True)), places
