"""Two replicas act as one console: changes show on both at once, and either may be killed."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import httpx
import pytest
from playwright.sync_api import Page, expect

from tca_app.ui.layout.navigation import NAVIGATION
from tests.e2e.conftest import sign_in
from tests.factories import PASSWORD
from tests.features.factors.accounts import code_of
from tests.mailbox import Mailbox
from tests.processes import Web, eventually, sign_in as bearer_of
from tests.replicas.conftest import Replicas

pytestmark = pytest.mark.e2e
NewPage = Callable[[], Page]
NEW = "Violet-Train-17"
PATIENCE_MS = 20_000  # a lock that was left behind in Redis ends after ten seconds


def create(admin: httpx.Client, kind: str, **fields: object) -> dict[str, object]:
    answer = admin.post(f"/api/v1/{kind}", json=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def create_user(admin: httpx.Client, username: str) -> dict[str, object]:
    return create(admin, "users", username=username, email=f"{username}@example.com", password=PASSWORD)


def change(admin: httpx.Client, replica: Web, path: str, **fields: object) -> None:
    """By REST, on this replica and not through nginx."""
    url = f"{replica.url}/api/v1/{path}"
    before = admin.get(url)
    answer = admin.patch(url, json=fields, headers={"If-Match": before.headers["ETag"]})
    assert answer.status_code == 200, answer.text


def test_what_happens_on_one_replica_is_seen_on_the_other(replicas: Replicas, new_page: NewPage) -> None:
    with replicas.admin as admin:
        project = create(admin, "projects", name="Payments")
        page = new_page()
        sign_in(page, "ada", path="/login")  # through nginx, wherever it leads
        for here, there in ((replicas.one, replicas.two), (replicas.two, replicas.one)):
            page.goto(f"{here.url.replace('127.0.0.1', 'localhost')}/projects/")
            expect(page.locator("tbody")).to_contain_text("Payments")
            name = f"Payments by {there.name}"
            change(admin, there, f"projects/{project['id']}", name=name)
            expect(page.locator("tbody")).to_contain_text(name)


def test_forty_guesses_over_both_replicas_are_ten(replicas: Replicas) -> None:
    """The rate limit per address holds across replicas, and a forged X-Forwarded-For gives no extra attempt."""

    def guess(number: int) -> int:
        claims = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        body = {"username": f"guess{number}", "password": PASSWORD}
        return client.post("/api/auth/login", json=body, headers=claims).status_code

    with httpx.Client(base_url=replicas.url, timeout=20) as client, ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(guess, range(40)))
    assert answers == [401] * 10 + [429] * 30
    # A failure is counted after the hash was computed, for names that nobody has as well.
    assert replicas.cluster.sql("SELECT count(*) FROM login_throttles WHERE key LIKE 'nobody:%'") == [(10,)]
    assert all(web.said().count("/api/auth/login") > 5 for web in (replicas.one, replicas.two))


def test_who_is_deactivated_on_one_replica_is_out_on_both(replicas: Replicas, new_page: NewPage) -> None:
    """After the session is revoked the tabs are emptied, not only redirected, and the next call is refused."""
    with replicas.admin as admin:
        bo = create_user(admin, "bo1")
        create(admin, "projects", name="Hidden plans")
        script = bearer_of(replicas.url, "bo1")
        first = new_page()
        sign_in(first, "bo1", path="/login")
        tabs = [first.context.new_page() for _ in range(2)]
        for tab, web in zip(tabs, (replicas.one, replicas.two), strict=True):
            tab.goto(f"{web.url.replace('127.0.0.1', 'localhost')}/projects/")
            expect(tab.get_by_role("button", name="Account", exact=True)).to_be_visible()
        change(admin, replicas.one, f"users/{bo['id']}", is_active=False)
        for tab in (*tabs, first):
            tab.wait_for_url("**/login**", timeout=PATIENCE_MS)
            expect(tab.get_by_label("Username or email")).to_be_visible()
        for web in (replicas.one, replicas.two):
            assert httpx.get(f"{web.url}/api/v1/projects", headers=script).status_code == 401


def test_a_token_that_is_revoked_on_one_replica_is_refused_on_the_other(replicas: Replicas) -> None:
    def answer(web: Web) -> int:
        return httpx.get(f"{web.url}/api/v1/users/me", headers=header).status_code

    with replicas.admin as admin:
        made = create(admin, "tokens", name="CI")
        header = {"Authorization": f"Bearer {made['token']}"}
        assert [answer(web) for web in (replicas.one, replicas.two, replicas.two)] == [200, 200, 200]
        assert admin.delete(f"{replicas.one.url}/api/v1/tokens/{made['id']}").status_code == 204
        assert answer(replicas.one) == 401
        until = monotonic() + 2
        while answer(replicas.two) != 401:
            assert monotonic() < until


def test_a_tab_outlives_whichever_replica_is_killed(replicas: Replicas, new_page: NewPage) -> None:
    """A tab of a killed replica reconnects to the other one, signed in, with the state that it had."""
    with replicas.admin as admin:
        project = create(admin, "projects", name="Ledger")
        page = new_page()
        sign_in(page, "ada", path="/projects")
        expect(page.locator("tbody")).to_contain_text("Ledger")
        token = page.evaluate("sessionStorage.getItem('token')")
        for victim, other in ((replicas.one, replicas.two), (replicas.two, replicas.one)):
            victim.kill()
            name = f"Ledger without {victim.name}"
            change(admin, other, f"projects/{project['id']}", name=name)
            expect(page.locator("tbody")).to_contain_text(name, timeout=PATIENCE_MS)
            page.get_by_role("button", name="New project").first.click()
            expect(page.get_by_role("dialog")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
            assert page.evaluate("sessionStorage.getItem('token')") == token
            assert admin.get("/api/v1/projects").status_code == 200
            victim.start()


def test_a_tab_outlives_a_redis_that_lost_its_memory(replicas: Replicas, new_page: NewPage) -> None:
    """Its state is lost; the next change notification reloads the tab, on the same page and signed in."""
    with replicas.admin as admin:
        project = create(admin, "projects", name="Archive")
        page = new_page()
        sign_in(page, "ada", path="/projects?q=archive")
        expect(page.locator("tbody")).to_contain_text("Archive")
        os.kill(replicas.cluster.redis_pid(), signal.SIGKILL)
        replicas.cluster.redis_server.start()
        change(admin, replicas.one, f"projects/{project['id']}", name="Archive of letters")
        expect(page.locator("tbody")).to_contain_text("Archive of letters", timeout=PATIENCE_MS)
        assert "/projects" in page.url
        page.get_by_role("button", name="New project").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()


def test_without_redis_the_pages_say_so_and_come_back(replicas: Replicas, new_page: NewPage) -> None:
    """An open page by a toast and without a spinner, a new one by the page of an outage."""
    with replicas.admin as admin:
        create(admin, "projects", name="Redis away")
    page = new_page()
    sign_in(page, "ada", path="/projects")
    expect(page.locator("tbody")).to_contain_text("Redis away", timeout=PATIENCE_MS)
    expect(page.locator(".progress")).to_have_attribute("data-busy", "false", timeout=PATIENCE_MS)  # else it loads
    pid = replicas.cluster.redis_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        page.get_by_role("searchbox").first.fill("away")
        expect(page.get_by_text("The console cannot reach Redis").first).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(".progress")).to_have_attribute("data-busy", "false")
        other = page.context.new_page()
        other.goto(f"{replicas.url}/projects")
        expect(other.get_by_text("The console cannot reach")).to_be_visible(timeout=PATIENCE_MS)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(other.get_by_role("heading", level=1, name="Projects")).to_be_visible(timeout=PATIENCE_MS)
    expect(other.locator("tbody")).to_contain_text("Redis away", timeout=PATIENCE_MS)


def test_every_page_keeps_its_state_in_redis(replicas: Replicas, new_page: NewPage) -> None:
    """What a state holds must be picklable, whatever it was filled with."""
    webs = replicas.one, replicas.two
    before = [len(web.said()) for web in webs]
    with replicas.admin as admin:
        project, user = create(admin, "projects", name="Pickles"), create_user(admin, "pia1")
        page = new_page()
        sign_in(page, "ada")
        pages = [path for _, path, _, _ in NAVIGATION] + [f"/projects/{project['id']}", f"/users/{user['id']}"]
        for path in pages:
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
    for web, start in zip(webs, before, strict=True):
        assert [line for line in web.said()[start:].splitlines() if '"level":"error"' in line] == []


def test_requests_go_on_while_a_replica_is_killed(replicas: Replicas) -> None:
    """nginx tries the other one: only requests that the killed one was serving may fail."""
    with replicas.admin as admin:
        replicas.one.kill()
        answers = [admin.get("/api/v1/projects").status_code for _ in range(30)]
        assert answers == [200] * 30
        replicas.one.start()


def test_what_nginx_keeps_to_itself(replicas: Replicas) -> None:
    """nginx: closed paths, bounded bodies, refused methods, and no query string in its log."""
    with httpx.Client(base_url=replicas.url) as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/_all_routes").status_code == 404
        large = client.post("/api/auth/login", content=b"x" * 2_000_000)
        assert (large.status_code, large.json()["code"]) == (413, "payload_too_large")
        assert client.request("TRACE", "/").status_code == 405
        client.get("/_event/?token=canary-word", headers={"Origin": replicas.url})
    log = (replicas.nginx_home / "access.log").read_text()
    assert "/_event" in log
    assert "canary-word" not in log
    assert "token=" not in log


def test_what_works_once_works_once_over_both_replicas(replicas: Replicas) -> None:
    """Links and codes, in twenty requests at once: half of them to each replica, each from an address of its own."""
    mails = Mailbox(replicas.cluster.home / "mail")

    def post_to_both(path: str, *bodies: dict[str, str]) -> list[int]:
        """Returns the status of each that was not refused."""

        def post(number: int) -> int:
            web = (replicas.one, replicas.two)[number % 2]
            headers = {"X-Forwarded-For": f"203.0.113.{number}", "Origin": replicas.url}
            body = bodies[number % len(bodies)]
            return httpx.post(f"{web.url}/api/auth/{path}", json=body, headers=headers, timeout=30).status_code

        with ThreadPoolExecutor(20) as crowd:
            return [status for status in crowd.map(post, range(20)) if status < 400]

    def token_for(email: str) -> str:
        eventually(lambda: any(email in mail.to for mail in mails.read()), f"a mail for {email}")
        return next(mail.token for mail in reversed(mails.read()) if email in mail.to)

    with replicas.admin as admin:
        create(admin, "invitations", emails=["guest@example.com"])
        create_user(admin, "forgetful")
        create_user(admin, "careful")
        asked = admin.post("/api/auth/password/forgot", json={"email": "forgetful@example.com"})
        assert asked.status_code == 202
    token = token_for("guest@example.com")
    accounts = [{"token": token, "username": f"guest{number}", "password": NEW} for number in range(20)]
    assert post_to_both("invitations/accept", *accounts) == [204]
    assert post_to_both("password/reset", {"token": token_for("forgetful@example.com"), "password": NEW}) == [204]

    header = bearer_of(replicas.url, "careful")
    with httpx.Client(base_url=replicas.url, headers=header) as careful:
        app = careful.post("/api/auth/factors/totp", json={"name": "Phone"}).json()
        confirm = f"/api/auth/factors/totp/{app['id']}/confirm"
        assert careful.post(confirm, json={"code": code_of(app["secret"])}).status_code == 200
    refused = httpx.post(f"{replicas.url}/api/auth/login", json={"username": "careful", "password": PASSWORD})
    given = {"challenge": refused.json()["second_factor"]["challenge"], "code": code_of(app["secret"], 1)}
    assert post_to_both("login/second-factor", given) == [200]
