"""What axe-core, the focus and the widths of the window find wrong with a page or with a dialog on it."""

from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.focus import stops_without_focus

WIDTHS = (390, 820, 1024, 1280, 1920)
OTHER_WIDTHS = (1920, 1024, 820, 390)  # a phone's is the last one, because its layout is looked at then
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
Look = Literal["light", "dark"]
# Colours are looked at once for each scheme; everything else once for each layout. Only the rule about the orientation
# of a screen needs the style sheets parsed (`preload`): they are the same for all layouts of a page and its dialogs.
RUN = """([what, options]) =>
  axe.run(what, {resultTypes: ['violations'], ...options}).then(found => found.violations)"""
NO_COLOURS: dict[str, Any] = {"rules": {"color-contrast": {"enabled": False}}}
ONLY_COLOURS: dict[str, Any] = {"runOnly": ["color-contrast"], "preload": False}
# Follows a link of the console, until the page has its data. A load takes three times as long.
FOLLOW = """path => new Promise(done => {
  let isLeft = false;
  const look = () => {
    const isBusy = Boolean(document.querySelector(".progress[data-busy=true]"));
    isLeft ||= isBusy;
    if (!isLeft || isBusy) return;
    observer.disconnect();
    done();
  };
  const observer = new MutationObserver(look);
  observer.observe(document, {subtree: true, childList: true, attributeFilter: ["data-busy"]});
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
})"""
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"
OVERLAY = "[role=dialog], [role=alertdialog], [role=menu]"


def violations(page: Page, path: str, *, load: bool = True, ready: str = "main, [role=main]") -> list[str]:
    """Returns what is wrong with a page, a line for each element or width.

    Unless it has to `load`, a link of the console is followed. The page is looked at once it shows what is `ready`.
    """
    look(page, "light")
    page.set_viewport_size(DESKTOP)
    if load or page.locator(".shell[data-viewer]").count() == 0:
        page.goto(path)
        _wait(page, ready)
    else:
        page.evaluate(FOLLOW, path)
    wide, bare = {"1280": page.evaluate(SIDEWAYS)}, {"light": stops_without_focus(page)}
    found = {"light": _run(page, "html", {"preload": False})}
    look(page, "dark")
    if page.locator("html.dark").count() == 0:  # a page of the server chooses its colours when it is loaded
        page.reload()
        _wait(page, ready)
    found["dark"] = _run(page, "html", ONLY_COLOURS)
    bare["dark"] = stops_without_focus(page)
    for width in OTHER_WIDTHS:
        page.set_viewport_size({"width": width, "height": DESKTOP["height"]})
        wide[str(width)] = page.evaluate(SIDEWAYS)
    found["phone"] = _run(page, "html", NO_COLOURS)
    return (
        [f"{path} {width}: {more} px wider than the window" for width, more in wide.items() if more > 0]
        + _lines(path, found)
        + [f"{path} {scheme}: no focus: {stop}" for scheme, stops in bare.items() for stop in stops]
    )


def _wait(page: Page, ready: str) -> None:
    expect(page.locator(ready).first).to_be_visible()
    expect(page.locator(".progress[data-busy=true]")).to_have_count(0)
    page.evaluate(AXE_SCRIPT)


def violations_of_overlay(page: Page, where: str) -> list[str]:
    """Returns what is wrong with the dialog or menu that is open on the page, for which axe-core is there already."""
    found = {"light": _run(page, OVERLAY, {"preload": False})}
    look(page, "dark")
    found["dark"] = _run(page, OVERLAY, ONLY_COLOURS)
    page.set_viewport_size(PHONE)
    found["phone"] = _run(page, OVERLAY, NO_COLOURS | {"preload": False})
    page.set_viewport_size(DESKTOP)
    look(page, "light")
    return _lines(where, found)


def look(page: Page, scheme: Look) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def _run(page: Page, what: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    if page.evaluate("typeof axe === 'undefined'"):  # a link that was followed has loaded the page anew
        page.evaluate(AXE_SCRIPT)
    faults: list[dict[str, Any]] = page.evaluate(RUN, [what, options])
    return faults


def _lines(where: str, found: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [
        f"{where} {scheme}: {fault['id']}: {node['html'][:160]}"
        for scheme, faults in found.items()
        for fault in faults
        for node in fault["nodes"]
    ]
