"""Files of incidents, maintenance windows and checks: those that the caller may see, with the filters of the list."""

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tca_app.core.actor import Actor
from tests.factories import bearer, make_check, make_incident, make_maintenance, make_project, make_user


async def rows_of(api: httpx.AsyncClient, actor: Actor, path: str) -> list[dict[str, Any]]:
    answer = await api.get(f"/api/v1/{path}", headers=await bearer(actor))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(answer.text.splitlines()))


async def test_the_files_have_what_the_lists_have(api: httpx.AsyncClient) -> None:
    ana, stranger, now = await make_user("ana"), await make_user(), datetime.now(UTC)
    shop = await make_project(ana, "Shop")
    web, other = await make_check(shop, "web"), await make_check(await make_project(stranger), "other")
    old = now - timedelta(days=9)
    await make_incident(web, opened_at=old, closed_at=old + timedelta(hours=1), reason="HTTP 502")
    await make_incident(web, severity="critical")
    await make_incident(other)
    await make_maintenance(shop, web, title="Now")
    await make_maintenance(shop, web, title="Later", starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
    found = await rows_of(api, ana, "incidents/export.csv")
    assert [(row["name"], row["project_slug"], row["reason"]) for row in found] == [
        ("web", "shop", "HTTP 500"),
        ("web", "shop", "HTTP 502"),
    ]
    found = await rows_of(api, ana, f"incidents/export.csv?until={old.date()}")
    assert [row["reason"] for row in found] == ["HTTP 502"]
    found = await rows_of(api, ana, "maintenance-windows/export.csv?state=scheduled")
    assert [row["title"] for row in found] == ["Later"]
    found = await rows_of(api, ana, f"health/checks/export.csv?project_id={shop}")
    assert [(row["name"], row["project_slug"]) for row in found] == [("web", "shop")]
    assert await rows_of(api, stranger, f"health/checks/export.csv?project_id={shop}") == []
    assert (await api.get("/api/v1/incidents/export.csv")).status_code == 401
