"""Measures the time from a click to the change of the page: `python -m benchmarks.clicks [-n 40]`.

It uses Chromium, the production build, 10,000 users and projects, and warm pages. The time is taken inside the page,
from the `click` event to the mutation that shows the result. It includes the websocket, server, query and React, but
not the test driver.
"""

import argparse
import os
import statistics
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.console import PASSWORD, USERNAME, console
from benchmarks.front_end import FLAGS

GOAL_MS = 30

# Starts the clock at the next click and stops it at the first mutation that changes the value of the expression.
WATCH = """(look) => {
  const read = () => { try { return String(new Function("return " + look)()); } catch { return ""; } };
  const before = read();
  window.waited = null;
  document.addEventListener("click", () => {
    const started = performance.now();
    const seen = new MutationObserver(() => {
      if (read() === before) return;
      window.waited = performance.now() - started;
      seen.disconnect();
    });
    seen.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
  }, {capture: true, once: true});
}"""
FIRST_ROW = "document.querySelector('tbody tr[data-row]').dataset.row"
BULK_BAR = "document.querySelector('.bulk-bar strong')?.textContent"
DIALOG = "document.querySelector('[role=dialog][data-state=open]') !== null"
TAB = "document.querySelector('main').innerText"
TURN = ("[aria-label='Next page']", "[aria-label='Previous page']")
HEADING = "document.querySelector('main h1').textContent"


@dataclass(frozen=True)
class Click:
    """A click, alternating between the selectors, and the expression that it changes."""

    name: str
    path: str
    selectors: tuple[str, ...]
    look: str


CLICKS = (
    Click("a row is ticked", "/users", ("tbody tr[data-row] input >> nth=1",), BULK_BAR),
    Click(
        "a dialog opens", "/users", ("button:has-text('New user')", "[role=dialog] button:has-text('Cancel')"), DIALOG
    ),
    Click("another tab of a page", "/settings", ("a:text-is('Password')", "a:text-is('Profile')"), TAB),
    Click("the next 25 of 10,000 users", "/users", TURN, FIRST_ROW),
    Click("the next 25 of 10,000 projects", "/projects", TURN, FIRST_ROW),
    Click("users by another order", "/users?sort=full_name", ("th button.sort >> nth=0",), FIRST_ROW),
    Click("another page", "/users", ("#sidebar a:has-text('Projects')", "#sidebar a:has-text('Users')"), HEADING),
)


def measure(page: Page, click: Click, count: int) -> list[float]:
    """Return the milliseconds of each click, after two warm-up clicks."""
    page.goto(click.path)
    page.wait_for_function(f"() => {{ try {{ return {click.look} !== '' }} catch {{ return false }} }}")
    page.locator(click.selectors[0]).wait_for()
    times = []
    for number in range(count + 2):
        page.evaluate(WATCH, click.look)
        page.locator(click.selectors[number % len(click.selectors)]).click()
        page.wait_for_function("() => window.waited !== null")
        times.append(page.evaluate("() => window.waited"))
        page.wait_for_function("() => document.querySelector('.progress')?.dataset.busy !== 'true'")
    return times[2:]


def report(address: str, count: int) -> None:
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path if Path(path).exists() else None, args=list(FLAGS))
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 900}, bypass_csp=True)
        page.goto("/login")
        page.fill("input[name=username]", USERNAME)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector("main h1")
        print("| click | median ms | p95 ms |\n|---|---|---|")
        every: list[float] = []
        for click in CLICKS:
            times = measure(page, click, count)
            every += times
            print(f"| {click.name} | {statistics.median(times):.1f} | {statistics.quantiles(times, n=20)[-1]:.1f} |")
        print(f"\nAll clicks: median {statistics.median(every):.1f} ms (goal {GOAL_MS} ms), Chromium {browser.version}")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=40, help="clicks of each kind")
    count = parser.parse_args().n
    with console() as served:
        report(served.url, count)


if __name__ == "__main__":
    main()
