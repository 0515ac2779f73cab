"""Measures the environments page: `python -m benchmarks.environments [-n 9] [--projects 500]`.

Chromium opens `/deployments?view=where` with 25, 100 and all projects, in turns and with a warm cache: until the rows
are painted, from a click on a sort until the sorted rows are painted, and how long the frames take while the table is
scrolled to its end. The times are taken inside the page.
"""

import argparse
import statistics
from collections import defaultdict
from functools import partial

from playwright.sync_api import BrowserContext, Page

from benchmarks.console import console
from benchmarks.environments_seed import seed_environments
from benchmarks.front_end import signed_in

SIZES = {"25": "&size=25", "100": "&size=100", "all": ""}
DRAWN = """(() => {
  const look = () => {
    if (document.querySelector("tr[data-row]")) requestAnimationFrame(() => { window.drawn = performance.now(); });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
SORT = """() => new Promise((done) => {
  const first = () => document.querySelector("tr[data-row]")?.dataset.row;
  const before = first(), started = performance.now();
  const seen = new MutationObserver(() => {
    if (!first() || first() === before) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - started)));
  });
  seen.observe(document, {subtree: true, childList: true, attributes: true});
  document.querySelector(".matrix th button.sort").click();
})"""
SCROLL = """async () => {
  const box = document.querySelector(".matrix-frame > .table-scroll"), times = [];
  let last = performance.now();
  while (box.scrollTop + box.clientHeight < box.scrollHeight - 1 && times.length < 500) {
    box.scrollTop += 400;
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - last);
    last = performance.now();
  }
  return times;
}"""


def _measure(context: BrowserContext, query: str) -> dict[str, float]:
    page = context.new_page()
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(len(frame))))
    page.add_init_script(DRAWN)
    page.goto(f"/deployments?view=where{query}")
    page.wait_for_function("() => window.drawn")
    found = {"drawn": page.evaluate("() => window.drawn"), "frame": max(frames) / 1e3, "nodes": _count(page)}
    _settle(page)
    found["sort"] = page.evaluate(SORT)
    _settle(page)
    times = sorted(page.evaluate(SCROLL))
    found |= {"scroll": statistics.median(times), "slowest": times[-1]}
    page.close()
    return found


def _count(page: Page) -> float:
    return float(page.evaluate("() => document.querySelectorAll('.matrix *').length"))


def _settle(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('.progress')?.dataset.busy !== 'true'")


LINES = {
    "drawn": "from the address to the painted rows, ms",
    "sort": "from a click on a sort to the painted rows, ms",
    "scroll": "a frame while scrolling, ms",
    "slowest": "the slowest frame while scrolling, ms",
    "frame": "rows on the websocket, kB",
    "nodes": "elements in the table",
}


def report(address: str, count: int) -> None:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with signed_in(address) as context:
        for turn in range(count + 1):
            for size, query in SIZES.items():
                for name, value in _measure(context, query).items():
                    if turn:  # the first turn warms up
                        found[name][size].append(value)
    print(f"| projects on a page | {' | '.join(SIZES)} |\n|---|{'---|' * len(SIZES)}")
    for name, title in LINES.items():
        print(f"| {title} | {' | '.join(f'{statistics.median(found[name][size]):,.0f}' for size in SIZES)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=9, help="visits of each page")
    parser.add_argument("--projects", type=int, default=500)
    arguments = parser.parse_args()
    with console(rows=0, fill=partial(seed_environments, projects=arguments.projects)) as served:
        report(served.url, arguments.n)


if __name__ == "__main__":
    main()
