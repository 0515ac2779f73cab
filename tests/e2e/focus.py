"""Finds the stops of the Tab key on a page that do not show that they have the focus."""

from playwright.sync_api import Page

# A stop shows the focus by an outline, or by an outline or a shadow that it, its label, its first cell, its parent or
# the element after it has only with the focus. An outline that is cut off at two opposite sides is no outline.
BARE = """() => {
  const ring = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
    && !/^transparent$|, 0\\)$|\\/ 0\\)$/.test(style.outlineColor);
  const isSeen = (stop, style) => {
    const box = stop.getBoundingClientRect();
    if (box.width < 4 || box.height < 4 || style.opacity === "0" || style.clipPath !== "none") return false;
    const far = parseFloat(style.outlineOffset) + 1;
    const [top, right, bottom, left] = [box.top - far, box.right + far, box.bottom + far, box.left - far];
    const cut = new Set();
    for (let around = stop.parentElement; around && around !== document.body; around = around.parentElement) {
      if (getComputedStyle(around).overflow === "visible") continue;
      const frame = around.getBoundingClientRect();
      if (top < frame.top) cut.add("top");
      if (right > frame.right) cut.add("right");
      if (bottom > frame.bottom) cut.add("bottom");
      if (left < frame.left) cut.add("left");
    }
    return !(cut.has("left") && cut.has("right")) && !(cut.has("top") && cut.has("bottom"));
  };
  const looks = (stop) =>
    [stop, stop.closest("label"), stop.querySelector("td, th"), stop.parentElement, stop.nextElementSibling]
      .filter(Boolean).map((carrier) => {
        const style = getComputedStyle(carrier);
        return `${ring(style) && isSeen(carrier, style) ? style.outline : ""} ${style.boxShadow}`;
      }).join();
  const doubtful = [];
  for (const stop of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")) {
    if (stop.tabIndex < 0) continue;
    stop.focus();
    if (document.activeElement !== stop) continue;
    const style = getComputedStyle(stop);
    if (!ring(style) || !isSeen(stop, style)) doubtful.push([stop, looks(stop)]);
  }
  document.activeElement.blur();
  return doubtful.filter(([stop, focused]) => looks(stop) === focused).map(([stop]) => stop.outerHTML.slice(0, 160));
}"""


def stops_without_focus(page: Page) -> list[str]:
    """Focuses each stop of the page. Returns the HTML of those that do not show it."""
    page.keyboard.press("Tab")  # the browser shows the focus to a person who uses the keyboard
    return list(page.evaluate(BARE))
