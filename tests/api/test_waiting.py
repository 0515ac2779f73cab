"""A call that waits, over a real connection that is cut."""

import asyncio

import httpx

from tca_app.features.deployments.reports.waiting import MAX_WAITING_OF_CALLER
from tests.factories import bearer, make_deployment, make_project, make_user, until


async def test_a_connection_that_is_cut_waits_no_longer(server_url: str) -> None:
    owner = await make_user()
    url = f"{server_url}/api/v1/deployments/{await make_deployment(await make_project(owner))}"
    async with httpx.AsyncClient(headers=await bearer(owner), timeout=30) as client:
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(client.get(f"{url}?wait=60")) for _ in range(MAX_WAITING_OF_CALLER + 1)]
            await until(lambda: any(call.done() for call in calls))
            assert [call.result().status_code for call in calls if call.done()] == [429]
            for call in calls:
                call.cancel()

        async def is_accepted() -> bool:
            return (await client.get(f"{url}?wait=1")).status_code == 200

        await until(is_accepted, within_s=10)
