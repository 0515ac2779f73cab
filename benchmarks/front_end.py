"""Measures the weight and speed of the pages: `python -m benchmarks.front_end [-n 5]`.

Headless Chromium opens each page with an empty cache: bytes on the wire and after decoding, requests, first and
largest contentful paint, and the time until the page is usable. It then signs in through the form, until the dashboard
is shown.
"""

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.console import PASSWORD, USERNAME, console

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
LATE_MS = 700  # for late requests and candidates of the largest paint
# Each page, and the element that makes it usable.
PAGES = {
    "login": ("/login/", "input[name=username]"),
    "dashboard": ("/dashboard/", "main h1"),
    "users": ("/users/", "main table tbody tr td"),
}
# Notes when the element is shown and enabled, and the largest paint so far.
WATCH = """(() => {
  const selector = %s;
  window.measured = {lcp: 0};
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.measured.lcp = entry.startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  const look = () => {
    const element = document.querySelector(selector);
    if (element && element.getClientRects().length && !element.disabled) window.measured.usable = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
READ = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return {fcp: paint ? paint.startTime : 0, ...window.measured};
}"""


@contextmanager
def signed_in(address: str) -> Iterator[BrowserContext]:
    """Chromium with one window, in which the administrator has signed in."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path if Path(path).exists() else None, args=list(FLAGS))
        context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}, bypass_csp=True)
        page = context.new_page()
        page.goto("/login")
        page.fill("input[name=username]", USERNAME)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector("main h1")
        yield context
        browser.close()


@dataclass
class Visit:
    """One page load. `weights` has files, bytes on the wire and decoded bytes by type of resource."""

    usable: float
    fcp: float
    lcp: float
    script: float
    weights: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))


@dataclass(frozen=True)
class Weight:
    """What /login loads with an empty cache."""

    script_kb: float
    style_kb: float


def _visit(page: Page, name: str) -> Visit:
    path, selector = PAGES[name]
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Performance.enable")
    types: dict[str, str] = {}
    decoded: dict[str, int] = defaultdict(int)
    wire: dict[str, int] = {}

    def received(event: dict[str, Any]) -> None:
        is_script = event["response"]["url"].partition("?")[0].endswith(".js")
        types[event["requestId"]] = "Script" if is_script else event["type"]

    def data(event: dict[str, Any]) -> None:
        decoded[event["requestId"]] += event["dataLength"]

    def finished(event: dict[str, Any]) -> None:
        wire[event["requestId"]] = event["encodedDataLength"]

    devtools.on("Network.responseReceived", received)
    devtools.on("Network.dataReceived", data)
    devtools.on("Network.loadingFinished", finished)
    page.add_init_script(WATCH % json.dumps(selector))
    page.goto(path, wait_until="load")
    page.wait_for_function("() => window.measured?.usable")
    page.wait_for_timeout(LATE_MS)
    metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    visit = Visit(**page.evaluate(READ), script=metrics["ScriptDuration"] * 1e3)
    for request_id, size in wire.items():
        totals = visit.weights[types.get(request_id, "Other")]
        for index, value in enumerate((1, size, decoded[request_id])):
            totals[index] += value
    devtools.detach()
    return visit


def _sign_in(page: Page) -> float:
    """Submit the form of the login page that is open. Returns the milliseconds until the dashboard is shown."""
    page.fill("input[name=username]", USERNAME)
    page.fill("input[name=password]", PASSWORD)
    started = time.perf_counter()
    page.click("button[type=submit]")
    page.wait_for_selector(PAGES["dashboard"][1])
    return (time.perf_counter() - started) * 1e3


def _fresh(browser: Browser, url: str, **options: Any) -> BrowserContext:
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(60_000)
    return context


def measure(count: int = 5) -> Weight:
    """Visit every page that often and print the tables. Returns the weight of the login page."""
    visits: dict[str, list[Visit]] = {name: [] for name in PAGES}
    sign_ins = []
    chromium = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    path = chromium if Path(chromium).exists() else None
    with console() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for _ in range(count):
            with _fresh(browser, served.url) as context:
                page = context.new_page()
                visits["login"].append(_visit(page, "login"))
                sign_ins.append(_sign_in(page))
                signed_in = context.storage_state()
            for name in list(PAGES)[1:]:
                with _fresh(browser, served.url, storage_state=signed_in) as context:
                    visits[name].append(_visit(context.new_page(), name))
        version = browser.version
        browser.close()
    _print(visits)
    print(f"\nsign-in click to dashboard: median {statistics.median(sign_ins):.0f} ms, Chromium {version}")
    weights = visits["login"][0].weights
    return Weight(weights["Script"][1] / 1e3, weights["Stylesheet"][1] / 1e3)


def _print(visits: dict[str, list[Visit]]) -> None:
    print("| page | usable ms | first paint ms | largest paint ms | script ms |\n|---|---|---|---|---|")
    for name, found in visits.items():
        medians = (
            statistics.median(getattr(visit, key) for visit in found) for key in ("usable", "fcp", "lcp", "script")
        )
        print(f"| {name} | {' | '.join(f'{value:.0f}' for value in medians)} |")
    print("\n| page | type | files | bytes on the wire | decoded bytes |\n|---|---|---|---|---|")
    for name, found in visits.items():
        for kind, totals in sorted(found[0].weights.items()):
            print(f"| {name} | {kind} | {' | '.join(map(str, totals))} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=5, help="visits of each page")
    measure(parser.parse_args().n)


if __name__ == "__main__":
    main()
