"""Deployment logs: repeated batches, gaps, limits."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tca_app.core.cache.local import EVERYTHING, listen, subscribe
from tca_app.features.deployments import logs
from tests.factories import bearer, make_deployment, make_project, make_user, until


@pytest.fixture
async def log(api: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """The address of a log, and the header of one who may write it."""
    owner = await make_user()
    project_id = await make_project(owner)
    return f"/api/v1/deployments/{await make_deployment(project_id, status='in_progress')}/logs", await bearer(owner)


async def test_a_log_grows_and_is_read_from_where_one_was(
    api: httpx.AsyncClient, log: tuple[str, dict[str, str]]
) -> None:
    url, header = log
    first = await api.post(url, headers=header, json={"first_seq": 1, "lines": ["one", "\x1b[31mtwo\x1b[0m", ""]})
    assert first.json() == {"next_seq": 4, "added": 3}
    read = (await api.get(f"{url}?after=1", headers=header)).json()
    assert [(line["seq"], line["line"]) for line in read] == [(2, "\x1b[31mtwo\x1b[0m"), (3, "")]
    assert (await api.get(url.removesuffix("/logs"), headers=header)).json()["log_lines"] == 3


async def test_a_batch_that_comes_again_changes_nothing(
    api: httpx.AsyncClient, log: tuple[str, dict[str, str]]
) -> None:
    url, header = log
    await api.post(url, headers=header, json={"first_seq": 1, "lines": ["one", "two"]})
    again = await api.post(url, headers=header, json={"first_seq": 1, "lines": ["ONE", "TWO", "three"]})
    assert again.json() == {"next_seq": 4, "added": 1}
    nothing = await api.post(url, headers=header, json={"first_seq": 2, "lines": ["two"]})
    assert nothing.json() == {"next_seq": 4, "added": 0}
    read = (await api.get(url, headers=header)).json()
    assert [line["line"] for line in read] == ["one", "two", "three"]


async def test_a_gap_is_refused_with_the_number_that_is_expected(
    api: httpx.AsyncClient, log: tuple[str, dict[str, str]]
) -> None:
    url, header = log
    answer = await api.post(url, headers=header, json={"first_seq": 3, "lines": ["three"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "log_gap")
    assert "Expected line 1 next" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"first_seq": 1, "lines": []},
        {"first_seq": 1, "lines": ["x"] * 1001},
        {"first_seq": 1, "lines": ["x" * 10_001]},
        {"first_seq": 1, "lines": ["a\x00b"]},
        {"first_seq": 1, "lines": ["two\nlines"]},
        {"first_seq": 0, "lines": ["x"]},
    ],
)
async def test_a_batch_has_bounds(
    api: httpx.AsyncClient, log: tuple[str, dict[str, str]], body: dict[str, object]
) -> None:
    url, header = log
    assert (await api.post(url, headers=header, json=body)).status_code == 422


async def test_a_log_line_notifies_only_those_who_read_the_log(
    api: httpx.AsyncClient, log: tuple[str, dict[str, str]]
) -> None:
    url, header = log
    deployment_id = url.split("/")[-2]
    heard: list[str] = []
    end, listening = subscribe(heard.append), asyncio.create_task(listen())
    await until(lambda: EVERYTHING in heard)
    heard.clear()
    await api.post(url, headers=header, json={"first_seq": 1, "lines": ["one"]})
    await api.patch(url.removesuffix("/logs"), headers=header, json={"status": "succeeded"})
    await until(lambda: "deployments" in heard)
    end()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert [topic for topic in heard if "deployment" in topic] == [
        f"deployment_log:{deployment_id}",
        f"deployment:{deployment_id}",
        "deployments",
    ]


async def test_a_log_has_an_end(
    api: httpx.AsyncClient, log: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, header = log
    monkeypatch.setattr(logs, "MAX_LINES", 2)
    full = await api.post(url, headers=header, json={"first_seq": 1, "lines": ["x"] * 3})
    assert (full.status_code, full.json()["code"]) == (409, "log_full")


@pytest.mark.parametrize(("minutes", "status"), [(59, 200), (61, 409)])
async def test_late_lines_are_taken_for_an_hour(api: httpx.AsyncClient, minutes: int, status: int) -> None:
    owner = await make_user()
    ended = {"finished_at": datetime.now(UTC) - timedelta(minutes=minutes)}
    deployment_id = await make_deployment(await make_project(owner), status="succeeded", **ended)
    url = f"/api/v1/deployments/{deployment_id}/logs"
    answer = await api.post(url, headers=await bearer(owner), json={"first_seq": 1, "lines": ["late"]})
    assert answer.status_code == status


async def test_a_viewer_reads_the_log_and_a_stranger_does_not(api: httpx.AsyncClient) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    url = f"/api/v1/deployments/{await make_deployment(project_id)}/logs"
    lines = {"first_seq": 1, "lines": ["x"]}
    assert (await api.get(url, headers=await bearer(viewer))).status_code == 200
    assert (await api.post(url, headers=await bearer(viewer), json=lines)).status_code == 403
    assert (await api.get(url, headers=await bearer(await make_user()))).status_code == 404
