"""The days of a filter: in the list, in its file, and on its page, where midnight is that of the viewer."""

import csv
import io
from typing import Any

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import text

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.groups.schemas import GroupCreate
from tca_app.features.groups.service import create_group
from tca_app.features.groups.ui.state import GroupsState
from tca_app.features.jobs.ui.state import JobsState
from tca_app.features.notifications.ui.state import InboxState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.features.subscribers.ui.state import SubscribersState
from tca_app.features.tokens.ui.state import TokensState
from tca_app.features.webhooks.ui.state import WebhooksState
from tests.factories import (
    bearer,
    make_admin,
    make_delivery,
    make_notification,
    make_project,
    make_subscriber,
    make_token,
    make_webhook,
    run,
)
from tests.ui.harness import Tab, console_on, shown, sign_in

# Of each REST list the table and column of its time, the page, its state, and how its chips call the time.
LISTS: dict[str, tuple[str, str, str, Any, str]] = {
    "projects": ("projects", "created_at", "/projects", ProjectsState, "Created"),
    "groups": ("groups", "created_at", "/groups", GroupsState, "Created"),
    "tokens": ("api_tokens", "created_at", "/settings?tab=tokens", TokensState, "Created"),
    "webhooks": ("webhook_deliveries", "at", "/settings/webhooks", WebhooksState, "Last delivery"),
    "status-subscribers": ("status_subscribers", "created_at", "/admin/subscribers", SubscribersState, "Confirmed"),
    "notifications": ("notifications", "created_at", "/notifications", InboxState, "Received"),
    "jobs": ("job_failures", "at", "/status/jobs", JobsState, "Last failure"),
}
TIMES = ("2026-03-01 23:30:00+00", "2026-03-02 12:00:00+00", "2026-03-03 00:30:00+00")
JOB = (
    "INSERT INTO procrastinate_jobs (id, queue_name, task_name, args, status, attempts) "
    "VALUES (:id, 'email_queue', 'mail', '{}', 'failed', 1)"
)
FAILURE = "INSERT INTO job_failures (job_id, attempt, error) VALUES (:id, 1, 'refused')"


async def make_rows(name: str, admin: Actor) -> list[int]:
    """Makes a row of the list for each of the times, and a webhook that was never delivered."""
    table, column, *_ = LISTS[name]
    ids: list[int] = []
    for number in range(len(TIMES)):
        if name == "projects":
            ids.append(await make_project(admin))
        elif name == "groups":
            ids.append((await run(create_group, admin, GroupCreate(name=f"Team {number}"))).id)
        elif name == "tokens":
            ids.append((await make_token(admin, name=f"Laptop {number}"))[0])
        elif name == "webhooks":
            ids.append((await make_webhook(admin, f"https://hooks.example.com/{number}")).id)
            await make_delivery(ids[-1])
        elif name == "status-subscribers":
            ids.append(await make_subscriber(f"p{number}@example.com", str(number) * 43))
        elif name == "notifications":
            ids.append(await make_notification(admin))
        else:
            ids.append(1_000_000 + number)
            async with transaction() as session:
                await session.execute(text(JOB), {"id": ids[-1]})
                await session.execute(text(FAILURE), {"id": ids[-1]})
    key = {"webhooks": "webhook_id", "jobs": "job_id"}.get(name, "id")
    async with transaction() as session:
        for row_id, at in zip(ids, TIMES, strict=True):
            changed = text(f"UPDATE {table} SET {column} = CAST(:at AS timestamptz) WHERE {key} = :id")
            await session.execute(changed, {"at": at, "id": row_id})
    if name == "webhooks":
        await make_webhook(admin, "https://hooks.example.com/never")
    return ids


async def ids_of(api: httpx.AsyncClient, admin: Actor, path: str) -> list[int]:
    """Returns the ids of a list, which are those of its file."""
    header, (name, _, query) = await bearer(admin), path.partition("?")
    answer = await api.get(f"/api/v1/{path}", headers=header)
    assert answer.status_code == 200, answer.text
    ids = [row["id"] for row in answer.json()]
    file = await api.get(f"/api/v1/{name}/export.csv?{query}", headers=header)
    assert [int(row["id"]) for row in csv.DictReader(io.StringIO(file.text, newline=""))] == ids
    return sorted(ids)


@pytest.mark.parametrize("name", LISTS)
async def test_days_in_utc_and_times_limit_a_list_and_its_file(api: httpx.AsyncClient, name: str) -> None:
    admin = await make_admin()
    early, middle, late = await make_rows(name, admin)
    assert await ids_of(api, admin, f"{name}?since=2026-03-02&until=2026-03-02") == [middle]
    assert await ids_of(api, admin, f"{name}?since=2026-03-02") == [middle, late]
    assert await ids_of(api, admin, f"{name}?until=2026-03-02") == [early, middle]
    assert await ids_of(api, admin, f"{name}?since=2026-03-01T23:30:00Z&until=2026-03-03T00:30:00Z") == [early, middle]


@pytest.mark.parametrize("name", LISTS)
async def test_the_days_of_a_page_are_those_of_the_viewer(name: str) -> None:
    *_, path, state, label = LISTS[name]
    admin = await make_admin()
    early, middle, _ = await make_rows(name, admin)
    async with console_on(StateManagerMemory()) as console:
        url = f"{path}{'&' if '?' in path else '?'}since=2026-03-02&until=2026-03-02"
        tab = Tab(console, "tab", await sign_in(admin), url)
        tab.headers["cookie"] += "; time_zone=Europe/Berlin"
        await tab.hydrate()
        updates = await tab.send(state.load)
    assert {int(row["id"]) for row in shown(updates, state, "rows")} == {early, middle}
    assert [chip["text"] for chip in shown(updates, state, "chips")] == [
        f"{label} from 2026-03-02",
        f"{label} until 2026-03-02",
    ]
    assert "since=2026-03-01T23" in shown(updates, state, "export_query")
