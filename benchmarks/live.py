"""Measures live updates on open screens: `python -m benchmarks.live [--sessions 100] [--replicas 2]`.

It opens that many sessions of the user list, one of them a real Chromium, and changes a user over REST once a second.
It takes the time from the request to the DOM of the browser and to the websocket of each other session. With two
replicas the change is made on the first, the browser uses the second, and the other sessions alternate.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import uvloop
from playwright.async_api import Page, async_playwright

from benchmarks.console import PASSWORD, UNLIMITED, USERNAME, prepare, running
from benchmarks.front_end import FLAGS
from benchmarks.processes import cpu_s
from benchmarks.sessions import Session
from tca_app.core.stores.embedded import configured_stores

PORTS = ("8121", "8122")
ADMIN = {"username": USERNAME, "password": PASSWORD}
CHANGES = 30
# Records when each mark first appears in the page.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const [mark] of document.body.textContent.matchAll(/mark-\\d+/g)) window.seen[mark] ??= Date.now();
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


async def sign_in(client: httpx.AsyncClient, base: str) -> str:
    """Return the cookie of a new browser session."""
    done = await client.post(f"{base}/api/auth/session", json=ADMIN, headers={"X-Requested-With": "x", "Origin": base})
    done.raise_for_status()
    return done.headers["set-cookie"].partition(";")[0]


async def script(client: httpx.AsyncClient, base: str) -> tuple[dict[str, str], int]:
    """Return the header of a script of the admin, and the id of the user that it changes."""
    token = (await client.post(f"{base}/api/auth/login", json=ADMIN)).raise_for_status().json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    person = {"username": "mara", "email": "mara@example.com", "password": PASSWORD}
    made = await client.post(f"{base}/api/v1/users", json=person, headers=header)
    return header, made.raise_for_status().json()["id"]


async def _browser_page(playwright: Any, base: str) -> Page:
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
    page = await browser.new_page()
    await page.goto(f"{base}/login")
    await page.get_by_label("Username or email").fill(USERNAME)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/dashboard")
    await page.goto(f"{base}/users/")
    await page.locator("tbody tr[data-row]").first.wait_for()
    await page.evaluate(WATCH)
    return page


async def _measure(bases: list[str], pids: list[int], count: int) -> None:
    write_base, read_base = bases[0], bases[-1]
    async with httpx.AsyncClient() as client, async_playwright() as playwright:
        header, person_id = await script(client, write_base)
        places = [(base, await sign_in(client, base)) for base in islice(cycle(bases), count - 1)]
        sessions = [await Session.open(base, cookie, "/users") for base, cookie in places[: count // 2]]
        page = await _browser_page(playwright, read_base)  # in the middle: screens are told in their order
        sessions += [await Session.open(base, cookie, "/users") for base, cookie in places[count // 2 :]]
        listening = [asyncio.create_task(session.listen()) for session in sessions]
        await asyncio.gather(*(session.loaded.wait() for session in sessions))
        busy, sent = sum(map(cpu_s, pids)), {}
        for number in range(CHANGES):
            mark = f"mark-{number}"
            sent[mark] = time.time()
            changed = await client.patch(
                f"{write_base}/api/v1/users/{person_id}", json={"full_name": mark}, headers=header
            )
            changed.raise_for_status()
            await asyncio.sleep(1)
        busy = sum(map(cpu_s, pids)) - busy
        seen = await page.evaluate("window.seen")
        _print("the DOM of the browser", [seen[mark] / 1e3 - at for mark, at in sent.items() if mark in seen], CHANGES)
        heard = [at - sent[mark] for session in sessions for mark, at in _first_heard(session).items() if mark in sent]
        _print("the websockets of the others", heard, CHANGES * (count - 1))
        print(f"\n{busy / CHANGES / count * 1e3:.2f} ms CPU of the console for a change and an open session")
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


def _first_heard(session: Session) -> dict[str, float]:
    found: dict[str, float] = {}
    for at, text in session.heard:
        for mark in re.findall(r"mark-\d+", text):
            found.setdefault(mark, at)
    return found


def _print(name: str, times: list[float], wanted: int) -> None:
    ordered = sorted(seconds * 1e3 for seconds in times)
    p95 = ordered[int(0.95 * len(ordered))]
    print(f"| {name} | {statistics.median(ordered):.0f} | {p95:.0f} | {len(ordered)} of {wanted} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--replicas", type=int, choices=(1, 2), default=1)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tca-live-")))
        prepare(folder, rows=0)
        settings = UNLIMITED | {"LOG_LEVEL": "ERROR"}
        bases = [f"http://localhost:{port}" for port in PORTS[: arguments.replicas]]
        if arguments.replicas == 2:
            urls = stack.enter_context(configured_stores())
            settings |= {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
        role = "serve" if arguments.replicas == 1 else "web"
        pids = [
            stack.enter_context(
                running([sys.executable, "-m", "tca_app", role], f"{base}/health/live", PORT=port, **settings)
            )
            for port, base in zip(PORTS, bases, strict=False)
        ]
        print(f"{arguments.sessions} sessions, {arguments.replicas} process(es)\n")
        print("| from the request to | p50 ms | p95 ms | arrived |\n|---|---|---|---|")
        uvloop.run(_measure(bases, pids, arguments.sessions))


if __name__ == "__main__":
    main()
