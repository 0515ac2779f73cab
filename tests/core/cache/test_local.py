"""LocalCache: fast, and invalidated at the commit of a change."""

import asyncio
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache import local
from tca_app.core.cache.local import CHANNEL, LocalCache
from tca_app.core.database.session import transaction
from tca_app.features.auth.callers import Client
from tca_app.features.auth.queries import known_browser, live_sessions, resolve_browser
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tests.factories import END_LISTENING, make_admin, make_project, make_user, run, signed_in, until
from tests.statements import statements
from tests.ui.harness import sign_in

ME = "/api/v1/users/me"


class _Ear(LocalCache[str]):
    """Records every notification that arrives."""

    def __init__(self) -> None:
        super().__init__(1)
        self.heard: set[str] = set()

    def drop(self, tag: str) -> None:
        self.heard.add(tag)


async def _heard_all() -> None:
    """Waits for the notifications of all earlier writes: they arrive in the order of the commits."""
    ear, marker = _Ear(), uuid4().hex
    async with transaction() as session:
        await session.execute(text("SELECT pg_notify(:channel, :marker)"), {"channel": CHANNEL, "marker": marker})
    await until(lambda: marker in ear.heard)


async def _queries_of(call) -> int:
    """How many statements the process sends while `call` runs."""
    with statements() as asked:
        await call()
    return len(asked)


async def test_a_second_request_asks_the_database_nothing(api: httpx.AsyncClient, listening: LocalCache) -> None:
    _, header = await signed_in(await make_user())
    await _heard_all()
    assert (await api.get(ME, headers=header)).status_code == 200
    assert await _queries_of(lambda: api.get(ME, headers=header)) == 0


async def test_without_the_notices_every_request_asks(api: httpx.AsyncClient) -> None:
    _, header = await signed_in(await make_user())
    await api.get(ME, headers=header)
    assert await _queries_of(lambda: api.get(ME, headers=header)) == 1


async def test_ones_own_write_is_visible_in_the_next_answer(api: httpx.AsyncClient, listening: LocalCache) -> None:
    person, header = await signed_in(await make_user())
    for number in range(30):
        await api.get(ME, headers=header)
        answer = await api.patch(
            f"/api/v1/users/{person.user_id}", headers=header, json={"full_name": f"Name {number}"}
        )
        assert answer.status_code == 200
        assert (await api.get(ME, headers=header)).json()["full_name"] == f"Name {number}"


async def test_readers_never_bring_an_old_row_back(api: httpx.AsyncClient, listening: LocalCache) -> None:
    """Readers race a writer; after its answer nobody sees the value before."""
    person, header = await signed_in(await make_user())
    admin = await make_admin()

    async def read() -> None:
        for _ in range(40):
            await api.get(ME, headers=header)

    async def write() -> None:
        for number in range(20):
            await run(users.update_user, admin, person.user_id, UserUpdate(full_name=f"Name {number}"))
            assert (await api.get(ME, headers=header)).json()["full_name"] == f"Name {number}"

    await asyncio.gather(write(), *(read() for _ in range(4)))


async def test_a_change_by_anybody_else_drops_the_copy(api: httpx.AsyncClient, listening: LocalCache) -> None:
    """A write from elsewhere: the database itself notifies."""
    person, header = await signed_in(await make_user())
    assert (await api.get(ME, headers=header)).status_code == 200
    generation = listening.generation
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
        other.execute("UPDATE users SET is_active = false WHERE id = %s", (person.user_id,))
    await until(lambda: listening.generation > generation, within_s=2)
    assert (await api.get(ME, headers=header)).status_code == 401


async def test_a_revoked_session_is_out_at_once(api: httpx.AsyncClient, listening: LocalCache) -> None:
    person, header = await signed_in(await make_user())
    await api.get(ME, headers=header)
    assert (await api.delete(f"/api/auth/sessions/{person.session_id}", headers=header)).status_code == 204
    assert (await api.get(ME, headers=header)).status_code == 401


async def test_a_lost_connection_ends_the_use_of_copies(api: httpx.AsyncClient, listening: LocalCache) -> None:
    _, header = await signed_in(await make_user())
    await api.get(ME, headers=header)
    async with transaction() as session:
        await session.execute(END_LISTENING)
    await until(lambda: not listening.is_listening, within_s=2)
    assert (await api.get(ME, headers=header)).status_code == 200
    await until(lambda: listening.is_listening)


def test_a_value_read_before_a_change_is_not_kept() -> None:
    cache: LocalCache[str] = LocalCache(100)
    cache.is_listening = True
    generation = cache.generation
    cache.drop("user:1")
    cache.put("key", "old", ["user:1"], generation)
    assert cache.get("key") is None
    cache.put("key", "new", ["user:1"], cache.generation)
    assert cache.get("key") == "new"
    cache.drop("user:2")
    assert cache.get("key") == "new"
    cache.drop("user:1")
    assert cache.get("key") is None


def test_copies_do_not_outlive_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    from tca_app.core.cache import local

    now = [100.0]
    monkeypatch.setattr(local, "monotonic", lambda: now[0])
    cache: LocalCache[str] = LocalCache(100)
    cache.is_listening = True
    cache.put("key", "value", ["user:1"], cache.generation)
    now[0] += 1.99
    assert cache.get("key") == "value"
    now[0] += 0.02
    assert cache.get("key") is None


async def test_a_list_is_copied_and_dropped_by_every_write(api: httpx.AsyncClient, listening: None) -> None:
    """Read, write, read: the answer after the write has it, for people and for projects."""
    _, header = await signed_in(await make_admin())
    for number in range(10):
        for path, body in (
            (
                "/api/v1/users",
                {"email": f"p{number}@example.com", "username": f"person{number}x", "password": "Green-Boat-42"},
            ),
            ("/api/v1/projects", {"name": f"Project {number}"}),
        ):
            await _heard_all()
            before = (await api.get(path, headers=header)).headers["x-total-count"]
            assert await _queries_of(lambda path=path: api.get(path, headers=header)) == 0
            made = (await api.post(path, json=body, headers=header)).json()
            after = await api.get(path, headers=header)
            assert int(after.headers["x-total-count"]) == int(before) + 1
            assert made["id"] in [row["id"] for row in after.json()]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET full_name = 'Renamed' WHERE id = %(id)s",
        "UPDATE projects SET name = 'Renamed'",
        "UPDATE project_members SET role = 'owner'",
        "DELETE FROM project_members",
    ],
)
async def test_a_list_is_dropped_by_a_write_from_elsewhere(
    api: httpx.AsyncClient, listening: None, change: str
) -> None:
    person, header = await signed_in(await make_user())
    await make_project(person)
    await _heard_all()
    await api.get("/api/v1/projects", headers=header)
    assert await _queries_of(lambda: api.get("/api/v1/projects", headers=header)) == 0
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
        other.execute(change, {"id": person.user_id})
    await _heard_all()
    assert await _queries_of(lambda: api.get("/api/v1/projects", headers=header)) > 0


async def test_a_crowd_reads_once_and_who_comes_after_a_change_reads_anew() -> None:
    copies: LocalCache[str] = LocalCache(10)
    copies.is_listening = True
    reads: list[int] = []
    may_end = asyncio.Event()

    async def read() -> str:
        reads.append(len(reads) + 1)
        answer = f"reading {len(reads)}"
        await may_end.wait()
        return answer

    early = [asyncio.create_task(copies.read_through("k", ["t"], read)) for _ in range(50)]
    await until(lambda: reads == [1])
    copies.drop("t")
    late = [asyncio.create_task(copies.read_through("k", ["t"], read)) for _ in range(50)]
    await until(lambda: reads == [1, 2])
    may_end.set()
    assert set(await asyncio.gather(*early)) == {"reading 1"}
    assert set(await asyncio.gather(*late)) == {"reading 2"}
    assert copies.get("k") == "reading 2"


async def test_when_the_one_who_reads_is_given_up_the_others_read_for_themselves() -> None:
    copies: LocalCache[str] = LocalCache(10)
    copies.is_listening = True
    entered, never = asyncio.Event(), asyncio.Event()

    async def hang() -> str:
        entered.set()
        await never.wait()
        return ""

    async def read() -> str:
        return "mine"

    first = asyncio.create_task(copies.read_through("k", ["t"], hang))
    await entered.wait()
    second: Any = asyncio.create_task(copies.read_through("k", ["t"], read))
    await until(lambda: second._fut_waiter is not None)  # it waits for the first one
    first.cancel()
    assert await second == "mine"


async def test_an_open_page_does_not_ask_for_its_own_session(
    listening: LocalCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch asks for all of them once a second; what it finds unchanged lives on, whatever else does not."""
    ana, bo = [(await signed_in(await make_user(name)))[0] for name in ("ana", "bob")]
    cookies = [await sign_in(actor) for actor in (ana, bo)]
    callers = [await run(resolve_browser, cookie) for cookie in cookies]
    ids = [caller.actor.session_id for caller in callers if caller]
    await _heard_all()
    callers = [await run(resolve_browser, cookie) for cookie in cookies]
    now = monotonic()
    monkeypatch.setattr(local, "monotonic", lambda: now + 10)  # the cached values are too old
    assert [known_browser(cookie, Client()) for cookie in cookies] == [None, None]
    async with transaction() as session:  # not delivered: as if the notification were lost
        await session.execute(text("ALTER TABLE users DISABLE TRIGGER USER"))
        await session.execute(text("UPDATE users SET version = version + 1 WHERE id = :id"), {"id": bo.user_id})
        await session.execute(text("ALTER TABLE users ENABLE TRIGGER USER"))
    assert await run(live_sessions, ids) == dict.fromkeys(ids, 0)
    assert [known_browser(cookie, Client()) is not None for cookie in cookies] == [True, False]


async def test_a_refused_slug_notifies_nobody(api: httpx.AsyncClient, listening: LocalCache) -> None:
    _, header = await signed_in(await make_user())
    body = {"name": "Billing", "slug": "billing"}
    assert (await api.post("/api/v1/projects", json=body, headers=header)).status_code == 201
    await _heard_all()
    ear = _Ear()
    assert (await api.post("/api/v1/projects", json=body, headers=header)).status_code == 409
    await _heard_all()
    assert [topic for topic in ear.heard if len(topic) < 32] == [], "only the marker"
