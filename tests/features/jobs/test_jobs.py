"""Jobs over REST: waiting and failed ones, retries; administrators only."""

import csv
import io
from typing import Any, get_args

import httpx
import pytest
from procrastinate.jobs import Job
from sqlalchemy import text

from tca_app.core.database.session import reading
from tca_app.core.jobs.queue import PermanentFailure, enqueue, task
from tca_app.features.jobs.schemas import QueueSort
from tests.factories import bearer, do_jobs, make_admin, make_user, run

JOBS = "/api/v1/jobs"
BROKEN: list[str] = []


@task("fragile", "email_queue")
async def _fragile(_job: Job, number: int) -> None:
    if BROKEN:
        raise PermanentFailure(f"{BROKEN[0]} {number}")


@pytest.fixture(autouse=True)
async def three_dead() -> list[int]:
    """Failed jobs 1 to 3 of the kind, the oldest first."""
    BROKEN[:] = ["no paper"]
    for number in (1, 2, 3):
        await run(enqueue, "fragile", number=number)
        await do_jobs()  # one by one: several at once may fail in any order
    async with reading() as session:
        return list(await session.scalars(text("SELECT id FROM procrastinate_jobs ORDER BY id")))


async def _get(api: httpx.AsyncClient, header: dict[str, str], path: str) -> Any:
    answer = await api.get(JOBS + path, headers=header)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_failed_jobs_are_listed_with_their_reason(api: httpx.AsyncClient, three_dead: list[int]) -> None:
    header = await bearer(await make_admin())
    rows = await _get(api, header, "?limit=2")
    assert [row["id"] for row in rows] == three_dead[:0:-1]
    assert (rows[0]["kind"], rows[0]["reason"], rows[0]["attempts"]) == ("fragile", "no paper 3", 1)
    assert [row["args"] for row in await _get(api, header, "?search=paper 2")] == [{"number": 2}]
    assert await _get(api, header, "?state=waiting&queue=email_queue") == []


@pytest.mark.parametrize("sort", ["id", "kind", "queue", "attempts", "reason", "failed_at", "state"])
async def test_jobs_are_listed_in_every_order(api: httpx.AsyncClient, three_dead: list[int], sort: str) -> None:
    header = await bearer(await make_admin())
    up, down = [
        [job["id"] for job in await _get(api, header, f"?sort={way}{sort}&search={search}")]
        for way, search in (("", ""), ("-", ""))
    ]
    assert up == down[::-1] == sorted(three_dead)
    found = await _get(api, header, f"?sort={sort}&search=fragile&queue=email_queue&queue=health_queue")
    assert [job["id"] for job in found] == up


async def test_the_queues_are_sorted_and_so_is_their_file(api: httpx.AsyncClient) -> None:
    header, found = await bearer(await make_admin()), {}
    for sort in get_args(QueueSort):
        found[sort] = [queue["name"] for queue in (await _get(api, header, f"/queues?sort={sort}"))["queues"]]
        answer = await api.get(f"{JOBS}/queues/export.csv?sort={sort}", headers=header)
        assert [row["name"] for row in csv.DictReader(io.StringIO(answer.text))] == found[sort]
    for sort in get_args(QueueSort)[::2]:
        assert found[sort] == found[f"-{sort}"][::-1], sort
    assert found["-dead"][0] == "email_queue"
    assert (await api.get(f"{JOBS}/queues?sort=args", headers=header)).status_code == 422


async def test_the_queues_say_how_much_is_in_them(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    await run(enqueue, "fragile", number=4)
    found = await _get(api, header, "/queues")
    email = next(queue for queue in found["queues"] if queue["name"] == "email_queue")
    assert (email["waiting"], email["dead"], email["running"], email["retrying"]) == (1, 3, 0, 0)
    assert email["lag_seconds"] >= 0
    assert found["workers"] == 0


async def test_a_retried_job_is_done_and_who_did_it_stands_in_the_log(
    api: httpx.AsyncClient, three_dead: list[int]
) -> None:
    header = await bearer(await make_admin())
    BROKEN.clear()
    first = three_dead[0]
    assert (await api.post(f"{JOBS}/{first}/retry", headers=header)).status_code == 204
    await do_jobs()
    assert first not in [row["id"] for row in await _get(api, header, "")]
    assert (await api.post(f"{JOBS}/{first}/retry", headers=header)).status_code == 404
    (event, *_) = (await api.get("/api/v1/activity?type=job_retried", headers=header)).json()
    assert (event["subject_id"], event["data"]["reason"]) == (first, "no paper 1")


async def test_a_discarded_job_is_gone(api: httpx.AsyncClient, three_dead: list[int]) -> None:
    header = await bearer(await make_admin())
    assert (await api.delete(f"{JOBS}/{three_dead[1]}", headers=header)).status_code == 204
    assert [row["id"] for row in await _get(api, header, "")] == [three_dead[2], three_dead[0]]
    async with reading() as session:
        left = await session.scalars(text("SELECT job_id FROM job_failures ORDER BY job_id"))
        assert list(left) == [three_dead[0], three_dead[2]]


async def test_members_neither_see_nor_touch_them(api: httpx.AsyncClient, three_dead: list[int]) -> None:
    header = await bearer(await make_user())
    for method, path in (
        ("GET", ""),
        ("GET", "/queues"),
        ("GET", "/queues/export.csv"),
        ("DELETE", f"/{three_dead[0]}"),
    ):
        assert (await api.request(method, JOBS + path, headers=header)).status_code == 403
    assert (await api.post(f"{JOBS}/{three_dead[0]}/retry", headers=header)).status_code == 403
    assert len(await _get(api, await bearer(await make_admin()), "")) == 3
