"""Measures how fast a long log is shown: `python -m benchmarks.log_viewer [-n 9] [--lines 100000]`.

Chromium opens the page of a deployment with 1,000 lines and of one with that many, in turns and with a warm cache:
until the end of the log is painted, where it opens, and from a jump to its start and back until the lines there are.
The times are taken inside the page.
"""

import argparse
import asyncio
import statistics
from collections import defaultdict

import httpx
from playwright.sync_api import BrowserContext

from benchmarks.console import console
from benchmarks.front_end import signed_in
from benchmarks.live import script
from benchmarks.log import create_deployment

FEW, BATCH = 1000, 1000
GOAL_MS = 1000
# Resolves to the time at which the line is painted inside the box of the log.
SHOWN = """const shown = (seq) => new Promise((done) => {
  const isIn = (inner, outer) => inner && outer && inner.bottom <= outer.bottom + 1 && inner.top >= outer.top - 1;
  const look = () => {
    const box = document.querySelector("[data-log-lines]"), line = box?.querySelector(`[data-seq="${seq}"]`);
    if (!isIn(line?.getBoundingClientRect(), box?.getBoundingClientRect())) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => done(performance.now())));
  };
  look();
});"""
OPENED = f"{SHOWN} shown(%d).then((at) => {{ window.opened = at; }});"
# A jump up ends Follow, as the key Home does.
JUMP = f"""async ([seq, isUp]) => {{
  {SHOWN}
  const box = document.querySelector("[data-log-lines]"), started = performance.now();
  if (isUp) box.dispatchEvent(new KeyboardEvent("keydown", {{ key: "Home", bubbles: true }}));
  box.scrollTop = isUp ? 0 : box.scrollHeight;
  return await shown(seq) - started;
}}"""
ROWS = {
    "opened": "from the address to the painted end, ms",
    "start": "from a jump to the start to its painted lines, ms",
    "end": "from a jump to the end to its painted lines, ms",
    "nodes": "elements in the log",
}


async def _fill(url: str, sizes: tuple[int, ...]) -> dict[int, int]:
    """Append logs of these sizes to a deployment each. Returns its id by size."""
    ids = {}
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        client.headers.update((await script(client, url))[0])
        for size in sizes:
            ids[size] = await create_deployment(client, f"Log of {size}")
            for first in range(1, size + 1, BATCH):
                last = min(size, first + BATCH - 1)
                lines = [f"\x1b[32mstep {seq}\x1b[0m of the build, done in 0.3 s" for seq in range(first, last + 1)]
                data = {"first_seq": first, "lines": lines}
                (await client.post(f"/api/v1/deployments/{ids[size]}/logs", json=data)).raise_for_status()
    return ids


def _measure(context: BrowserContext, deployment_id: int, size: int) -> dict[str, float]:
    page = context.new_page()
    page.add_init_script(OPENED % size)
    page.goto(f"/deployments/{deployment_id}")
    page.wait_for_function("() => window.opened")
    result = {"opened": page.evaluate("() => window.opened")}
    for name, seq, is_up in (("start", 1, True), ("end", size, False)):
        result[name] = page.evaluate(JUMP, [seq, is_up])
    result["nodes"] = page.evaluate("() => document.querySelectorAll('[data-log-lines] *').length")
    page.close()
    return result


def report(address: str, ids: dict[int, int], count: int) -> None:
    results: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with signed_in(address) as context:
        for turn in range(count + 1):
            for size, deployment_id in ids.items():
                for name, value in _measure(context, deployment_id, size).items():
                    if turn:  # the first turn warms up
                        results[name][size].append(value)
    print(f"| lines of the log | {' | '.join(f'{size:,}' for size in ids)} |\n|---|{'---|' * len(ids)}")
    for name, title in ROWS.items():
        print(f"| {title} | {' | '.join(f'{statistics.median(results[name][size]):,.0f}' for size in ids)} |")
    print(f"\nGoal: {GOAL_MS:,} ms for each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=9, help="visits of each page")
    parser.add_argument("--lines", type=int, default=100_000)
    arguments = parser.parse_args()
    with console(rows=0, LOG_LEVEL="ERROR") as served:
        report(served.url, asyncio.run(_fill(served.url, (FEW, arguments.lines))), arguments.n)


if __name__ == "__main__":
    main()
