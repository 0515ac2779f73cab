"""The Slack channel of a project over REST: for maintainers, on Slack's host, and its URL is never returned."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tests.factories import bearer, make_project, make_user

URL = "https://hooks.slack.com/services/T0/B0/canarycanary"
OTHER = "https://hooks.slack.com/services/T0/B0/secondsecond"


async def rows(statement: str) -> list[str]:
    async with reading() as session:
        return [str(row) for row in await session.execute(text(statement))]


async def test_it_is_connected_changed_and_removed(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header, path = await bearer(ana), f"/api/v1/projects/{await make_project(ana, 'Billing')}/slack"
    nothing = (await api.get(path, headers=header)).json()
    assert (nothing["is_connected"], nothing["topics"]) == (False, ["deployments", "approvals", "health"])
    made = (await api.patch(path, headers=header, json={"url": URL})).json()
    assert (made["is_connected"], made["topics"]) == (True, ["deployments", "approvals", "health"])
    changed = (await api.patch(path, headers=header, json={"topics": ["health", "freezes", "health"]})).json()
    assert changed["topics"] == ["health", "freezes"]
    assert (await api.patch(path, headers=header, json={"url": OTHER})).json()["topics"] == ["health", "freezes"]
    assert (await api.post(f"{path}/test", headers=header)).status_code == 202
    assert (await api.delete(path, headers=header)).status_code == 204
    assert (await api.delete(path, headers=header)).status_code == 404
    assert (await api.post(f"{path}/test", headers=header)).status_code == 404
    assert (await api.get(path, headers=header)).json()["is_connected"] is False


async def test_each_change_is_an_event_and_the_url_is_only_stored_encrypted(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header, path = await bearer(ana), f"/api/v1/projects/{await make_project(ana, 'Billing')}/slack"
    answers = [await api.patch(path, headers=header, json=body) for body in ({"url": URL}, {"topics": ["health"]})]
    answers.append(await api.post(f"{path}/test", headers=header | {"Idempotency-Key": "k"}))
    answers.append(await api.get(path, headers=header))
    stored = await rows("SELECT slack_channels::text FROM slack_channels")
    answers.append(await api.delete(path, headers=header))
    answers.append(await api.get("/api/v1/activity", headers=header))
    for table in ("events", "procrastinate_jobs", "idempotency_keys", "job_failures"):
        stored += await rows(f"SELECT {table}::text FROM {table}")
    assert not any("canary" in given for given in (*(answer.text for answer in answers), *stored))
    events = await rows("SELECT type FROM events WHERE type LIKE 'slack%' ORDER BY id")
    assert events == ["('slack_connected',)", "('slack_changed',)", "('slack_removed',)"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com",
        "https://hooks.slack.com/",
        "https://hooks.slack.com.evil.example/services/x",
        "https://evil.example/hooks.slack.com/services/x",
        "https://hooks.slack.com@evil.example/services/x",
        "https://me:secret@hooks.slack.com/services/x",
        "https://hooks.slack.com:8443/services/x",
        "https://127.0.0.1/services/x",
        "https://localhost/services/x",
        "ftp://hooks.slack.com/services/x",
        "hooks.slack.com/services/x",
        "",
    ],
)
@pytest.mark.parametrize("environment", ["development", "production"])
async def test_only_a_webhook_of_slack_is_taken(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, environment: str, url: str
) -> None:
    monkeypatch.setattr(get_settings(), "environment", environment)
    ana = await make_user("ana")
    path = f"/api/v1/projects/{await make_project(ana, 'Billing')}/slack"
    answer = await api.patch(path, headers=await bearer(ana), json={"url": url})
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/url"]


@pytest.mark.parametrize(
    "body", [{}, {"topics": ["health"]}, {"url": URL, "topics": []}, {"url": URL, "topics": ["lunch"]}, {"url": None}]
)
async def test_the_first_time_needs_a_url_and_always_known_topics(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    ana = await make_user("ana")
    path = f"/api/v1/projects/{await make_project(ana, 'Billing')}/slack"
    assert (await api.patch(path, headers=await bearer(ana), json=body)).status_code == 422


async def test_it_is_for_maintainers(api: httpx.AsyncClient) -> None:
    ana, mia, dan, eve = [await make_user(name) for name in ("ana", "mia", "dan", "eve")]
    project_id = await make_project(ana, "Billing", team={mia: "maintainer", dan: "deployer"})
    path = f"/api/v1/projects/{project_id}/slack"
    assert (await api.patch(path, headers=await bearer(mia), json={"url": URL})).status_code == 200
    for actor, status in ((dan, 403), (eve, 404)):
        header = await bearer(actor)
        calls = [
            await api.get(path, headers=header),
            await api.patch(path, headers=header, json={"url": OTHER}),
            await api.post(f"{path}/test", headers=header),
            await api.delete(path, headers=header),
        ]
        assert [answer.status_code for answer in calls] == [status] * 4


async def test_nobody_can_prefer_slack_any_more(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_user("ana"))
    found = (await api.get("/api/v1/notifications/preferences", headers=header)).json()
    assert {row["channel"] for row in found} == {"inbox", "mail"}
    change = {"preferences": [{"kind": "member_added", "channel": "slack", "is_on": True}]}
    assert (await api.patch("/api/v1/notifications/preferences", headers=header, json=change)).status_code == 422
