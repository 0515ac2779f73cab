"""Plants recognisable values in every secret, uses and breaks the console, and looks for them everywhere.

No secret in an answer, a frame, a log, an error report, a trace, a number, an event, a job, a letter or Redis. Where
one belongs it is named here: the answers of signing in and refreshing, and the cookie in a tab's state (`BELONGS`).
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from reflex.istate.manager.redis import StateManagerRedis
from reflex.state import StateUpdate
from reflex_base.utils.format import json_dumps
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import reading
from tca_app.core.outgoing.http import close_http
from tca_app.core.security.tokens import cookie_name
from tca_app.core.telemetry.error_reporting import close_reports, start_reports
from tca_app.core.telemetry.redaction import known_secrets
from tca_app.features.auth.ui.state import PasswordState
from tca_app.features.users import service as users
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tests.core.telemetry.test_error_reporting import events_of
from tests.factories import bearer, do_jobs, make_admin
from tests.logs import written_log
from tests.sinks import HttpSink
from tests.traces import Traces, traces_of
from tests.ui.harness import Tab, console_on, shown

OLD, NEW, NEWEST, WRONG = (f"Canary-{name}-Pw-7" for name in ("old", "new", "newest", "wrong"))
PASSWORDS = {"the first password": OLD, "the second": NEW, "the third": NEWEST, "a wrong one": WRONG}
SETTINGS = {
    "secret_key": "canarysecretkey" + "0a1b2c3d" * 4,
    "jwt_secret_key": "canaryjwtkey" + "9z8y7x6w" * 4,
    "metrics_token": "canarymetrics" + "5t4s3r2q" * 3,
    "first_superuser_password": "Canary-First-Pw-1",
}
SMTP_PASSWORD, SLACK_PATH, DSN_KEY, SERVICE_PASSWORD = (
    "canary smtp/pw",
    "canaryslackpath",
    "canarydsnkey",
    "canaryservicepw",
)
TABLES = ("events", "procrastinate_jobs", "procrastinate_events", "job_failures", "notifications", "idempotency_keys")


class Vault(SessionState):
    """A page that breaks with what it was sent in its error."""

    @handler("signed_in")
    async def keep(self, form: dict[str, str]) -> None:
        raise RuntimeError(f"cannot keep {form}")


@dataclass
class Found:
    """Everything that was written, by location."""

    places: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, said: object) -> None:
        self.places[place] = self.places.get(place, "") + "\n" + str(said)

    def answer(self, answer: httpx.Response) -> httpx.Response:
        self.add("answers", f"{answer.headers.multi_items()} {answer.text}")
        return answer

    def frames(self, updates: list[StateUpdate]) -> None:
        self.add("frames", [json_dumps(update) for update in updates])  # as they go over the wire

    def hits(self, secrets: dict[str, str]) -> list[tuple[str, str]]:
        return [(place, name) for place, said in self.places.items() for name, it in secrets.items() if it in said]


class TellingSmtp:
    """A mail server that refuses every sign-in, and repeats the password."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word, _, rest = line.strip().partition(b" ")
            if word == b"EHLO":
                writer.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            elif word == b"AUTH":
                password = base64.b64decode(rest.split()[-1]).split(b"\0")[-1]
                writer.write(b"535 5.7.8 not with password " + password + b"\r\n")
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()


@pytest.fixture
async def sinks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[tuple[HttpSink, HttpSink]]:
    """Sentry, which listens, and Slack with the services, which refuse."""
    settings = get_settings()
    async with HttpSink() as sentry, HttpSink() as refusing:
        refusing.answers = [400]
        smtp = await asyncio.start_server(TellingSmtp().serve, "127.0.0.1", 0)
        port = smtp.sockets[0].getsockname()[1]
        values = SETTINGS | {
            "smtp_url": f"smtp://me:{quote(SMTP_PASSWORD, safe='')}@127.0.0.1:{port}?starttls=never",
            "slack_webhook_url": f"{refusing.url}/services/{SLACK_PATH}",
            "sentry_dsn": sentry.url.replace("://", f"://{DSN_KEY}@") + "/1",
        }
        for name, value in values.items():
            monkeypatch.setattr(settings, name, SecretStr(value))
        for name in ("user", "analytics", "notification"):
            address = refusing.url.replace("://", f"://me:{SERVICE_PASSWORD}@")
            monkeypatch.setattr(settings, f"{name}_service_url", address)
        monkeypatch.setattr(settings, "data_dir", tmp_path)
        known_secrets.cache_clear()
        start_reports()
        yield sentry, refusing
        await close_reports()
        await close_http()
        smtp.close()
    known_secrets.cache_clear()


@pytest.fixture
async def traces() -> AsyncIterator[Traces]:
    async with traces_of() as recorded:
        yield recorded


@pytest.fixture
def logs() -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda form: stack.enter_context(written_log(form))


async def over_rest(api: httpx.AsyncClient, found: Found, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a script does, and does wrong; returns the tokens that it got."""
    admin = await bearer(await make_admin())
    body = {"email": "kim@example.com", "username": "kim", "password": OLD}
    made = found.answer(await api.post("/api/v1/users", json=body, headers=admin | {"Idempotency-Key": "canary"}))
    assert made.status_code == 201
    user = f"/api/v1/users/{made.json()['id']}"
    login = {"username": "kim", "password": OLD}
    found.answer(await api.post("/api/auth/login", json=login | {"password": WRONG}))
    found.answer(await api.post("/api/auth/login", json=login | {"password": [WRONG]}))
    found.answer(await api.post("/api/auth/login", json=login | {"pass": WRONG}))
    found.answer(
        await api.post(
            "/api/auth/login", content=f'{{"password": "{WRONG}', headers={"content-type": "application/json"}
        )
    )
    found.answer(await api.get(f"/api/v1/projects?token={WRONG}", headers=admin))
    signed_in = (await api.post("/api/auth/login", json=login)).json()
    refreshed = (await api.post("/api/auth/refresh", json={"refresh_token": signed_in["refresh_token"]})).json()
    header = {"Authorization": f"Bearer {refreshed['access_token']}"}
    change = {"password": NEW, "current_password": OLD}
    found.answer(await api.patch(user, json=change | {"current_password": WRONG}, headers=header))
    assert found.answer(await api.patch(user, json=change, headers=header)).status_code == 200
    again = (await api.post("/api/auth/login", json=login | {"password": NEW})).json()
    header = {"Authorization": f"Bearer {again['access_token']}"}
    project = found.answer(await api.post("/api/v1/projects", json={"name": "Canary"}, headers=header))
    api_token = await over_rest_with_a_token(api, found, header)
    member = {"user_id": made.json()["id"], "role": "viewer"}
    other = found.answer(await api.post("/api/v1/projects", json={"name": "Other"}, headers=admin))
    assert found.answer(
        await api.post(f"/api/v1/projects/{other.json()['id']}/members", json=member, headers=admin)
    ).is_success
    found.answer(await api.get(f"/api/v1/projects/{project.json()['id']}", headers=header))
    found.answer(await api.get("/api/auth/verify", headers=header))
    found.answer(await api.get("/api/auth/verify", headers={"Authorization": f"Bearer {again['access_token']}x"}))
    for broken in (break_with_body, break_in_database):
        with monkeypatch.context() as patched:
            patched.setattr(users, "create_user", broken)
            body = {"email": "lee@example.com", "username": "lee", "password": WRONG}
            assert found.answer(await api.post("/api/v1/users", json=body, headers=admin)).status_code == 500
    answers = {"signed in": signed_in, "refreshed": refreshed, "again": again}
    return {"API token": api_token} | {
        f"{kind} ({name})": given[kind] for name, given in answers.items() for kind in ("access_token", "refresh_token")
    }


async def over_rest_with_a_token(api: httpx.AsyncClient, found: Found, header: dict[str, str]) -> str:
    """Creates an API token and uses it, rightly and wrongly; returns it."""
    made = (await api.post("/api/v1/tokens", json={"name": "CI", "scopes": ["write"]}, headers=header)).json()
    using = {"Authorization": f"Bearer {made['token']}"}
    assert found.answer(await api.post("/api/v1/projects", json={"name": "By token"}, headers=using)).is_success
    found.answer(await api.get(f"/api/v1/projects?key={made['token']}", headers=using))
    found.answer(await api.post("/api/v1/tokens", json={"name": made["token"]}, headers=using))
    found.answer(await api.get("/api/v1/tokens", headers=header))
    return str(made["token"])


async def break_with_body(_session: Any, _actor: Any, data: Any) -> None:
    raise RuntimeError(f"cannot store {data!r} of {data.model_dump()} for Bearer {SETTINGS['jwt_secret_key']}")


async def break_in_database(session: Any, _actor: Any, _data: Any) -> None:
    """A row that the database refuses and repeats, with the hash in it."""
    kim = "SELECT 'x@example.com', hashed_password FROM users WHERE username = 'kim'"
    await session.execute(text(f"INSERT INTO users (email, hashed_password) {kim}"))


async def on_pages(api: httpx.AsyncClient, found: Found) -> str:
    """What a person does in the browser; returns the session cookie."""
    here = {"Origin": "http://localhost:8000"}
    body = {"username": "kim", "password": NEW}
    found.answer(await api.post("/api/auth/session", json=body | {"password": WRONG}, headers=here))
    signed_in = await api.post("/api/auth/session", json=body, headers=here)
    found.add("answers", signed_in.text)  # the cookie stands in its Set-Cookie, and there only
    cookie = signed_in.cookies[cookie_name()]
    manager = StateManagerRedis(redis=Redis.from_url(get_settings().redis_url.get_secret_value()))
    async with console_on(manager) as console:
        tab = Tab(console, "canary tab", cookie)
        found.frames(await tab.hydrate())
        found.frames(await tab.send(Vault.keep, form={"password": WRONG, "note": "x"}))
        found.frames(await tab.send(Vault.keep, form=WRONG))
        opened = await tab.send(PasswordState.load)
        found.frames(opened)
        nonce = {"nonce": shown(opened, PasswordState, "form_nonce")}
        wrong = nonce | {"current_password": WRONG, "password": NEWEST, "repeated": NEWEST}
        found.frames(await tab.send(PasswordState.save, form=wrong))
        found.frames(await tab.send(PasswordState.save, form=wrong | {"current_password": NEW}))
        assert "Password changed" in found.places["frames"]
        found.add("states in Redis", [await _dump(key) async for key in get_redis().scan_iter("*canary tab*")])
        await get_redis().delete(*[key async for key in get_redis().scan_iter("*canary tab*")])
    await manager.close()
    return cookie


async def _dump(key: bytes) -> tuple[bytes, object]:
    redis, kind = get_redis(), await get_redis().type(key)
    read: dict[bytes, Callable[[], Any]] = {
        b"string": lambda: redis.get(key),
        b"stream": lambda: redis.xrange(key),
        b"hash": lambda: redis.hgetall(key),
        b"set": lambda: redis.smembers(key),
        b"zset": lambda: redis.zrange(key, 0, -1),
        b"list": lambda: redis.lrange(key, 0, -1),
    }
    return key, await read[kind]()


async def look_into_stores(api: httpx.AsyncClient, found: Found) -> None:
    async with reading() as session:
        for table in TABLES:
            rows = list(await session.execute(text(f"SELECT row_to_json({table})::text FROM {table}")))
            assert rows or table == "procrastinate_events", table
            found.add(table, rows)
    found.add("Redis", [await _dump(key) async for key in get_redis().scan_iter("*")])
    metrics = await api.get("/metrics", headers={"Authorization": f"Bearer {SETTINGS['metrics_token']}"})
    assert metrics.status_code == 200
    found.add("/metrics", metrics.text)


# The browser's headers are part of the state of its tab: Gate asks with this cookie for every event, and for those that
# the console sends itself. So a reader of the Redis of the states reads cookies (docs/decisions/0018).
BELONGS = [("states in Redis", "the session cookie")]


@pytest.mark.parametrize("form", ["json", "console"])
async def test_no_secret_is_where_it_does_not_belong(
    form: str,
    api: httpx.AsyncClient,
    sinks: tuple[HttpSink, HttpSink],
    logs: Any,
    traces: Traces,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await get_redis().flushdb()
    sentry, refusing = sinks
    log, found = logs(form), Found()
    tokens = await over_rest(api, found, monkeypatch)
    cookie = await on_pages(api, found)
    await do_jobs()
    await look_into_stores(api, found)
    await close_reports()
    reports = events_of(sentry)
    found.add("Sentry", reports)
    found.add("log", log.getvalue())
    found.add("traces", traces.text)

    # The tour really went where secrets are at hand.
    assert {event["tags"]["door"] for event in reports} == {"rest", "ui", "job"}
    assert "535" in found.places["job_failures"]
    assert {request.path.split("/")[1] for request in refusing.got} >= {"services", "events", "notifications"}
    assert "Failing row contains" in found.places["log"]
    assert all(name in found.places["traces"] for name in ("Vault.keep", "POST /api/auth/login", "job send_mail"))

    secrets = PASSWORDS | SETTINGS | tokens | {"the session cookie": cookie, "a hash": "$argon2id$"}
    secrets |= {"SMTP": SMTP_PASSWORD, "Slack": SLACK_PATH, "the DSN": DSN_KEY, "a service": SERVICE_PASSWORD}
    assert found.hits(secrets) == BELONGS
