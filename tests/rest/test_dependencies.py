"""Shared dependencies of routers: how a request is parsed and who may call."""

import asyncio
from collections.abc import Iterator

import httpx
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tca_app.features.auth.router import router as auth_router
from tca_app.features.projects.router import router as projects_router
from tca_app.features.users.router import router as users_router
from tca_app.server.api import build_api
from tests.factories import bearer, make_deployment, make_project, make_user
from tests.rest_api import rest_api
from tests.test_policies import api_routes


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _is_async(call: object) -> bool:
    target = call if hasattr(call, "__code__") else type(call).__call__  # type: ignore[operator]
    return asyncio.iscoroutinefunction(target) or hasattr(target, "__wrapped__") or _is_async_generator(target)


def _is_async_generator(target: object) -> bool:
    return bool(getattr(target, "__code__", None) and target.__code__.co_flags & 0x200)  # type: ignore[attr-defined]


def test_no_dependency_and_no_route_runs_in_a_thread() -> None:
    """FastAPI runs a plain function in a thread, which costs more than most of what we do."""
    assert build_api().routes
    for router in (auth_router, users_router, projects_router):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            assert asyncio.iscoroutinefunction(route.endpoint), route.path
            assert [call for call in _calls(route.dependant) if not _is_async(call)] == []


async def test_a_project_is_named_by_its_slug_or_its_number(api: httpx.AsyncClient) -> None:
    owner, stranger = await make_user(), await make_user()
    header = await bearer(owner)
    project_id = await make_project(owner, "Billing API")
    await make_deployment(project_id, external_id="ci-1")
    for path in ("", "/environments", "/deployments", "/members", "/freezes", "/github-hook", "/slack"):
        by_slug, by_id = [
            await api.get(f"/api/v1/projects/{name}{path}", headers=header) for name in ("billing-api", project_id)
        ]
        assert (by_slug.status_code, by_slug.content) == (200, by_id.content), path
    made = await api.post(
        "/api/v1/projects/billing-api/deployments", headers=header, json={"environment": "staging", "version": "1"}
    )
    assert made.status_code == 201, made.text
    step = "/api/v1/projects/billing-api/deployments/by-external-id/ci-1"
    assert (await api.patch(step, headers=header, json={"status": "in_progress"})).status_code == 200
    theirs = await bearer(stranger)
    answers = [
        await api.get(f"/api/v1/projects/{name}", headers=theirs)
        for name in ("billing-api", "nothing", project_id, 0, 2**53, "9" * 25)
    ]
    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert all(body == bodies[0] for body in bodies)


async def test_nobody_learns_which_slugs_there_are(api: httpx.AsyncClient) -> None:
    await make_project(await make_user(), "Billing API")
    codes = [(await api.get(f"/api/v1/projects/{slug}")).status_code for slug in ("billing-api", "nothing")]
    assert codes == [401, 401]


async def test_digits_are_a_number_and_never_a_slug(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    first = await make_project(owner, "First")
    second = await make_project(owner, "Second", slug=str(first))
    read = (await api.get(f"/api/v1/projects/{first}", headers=await bearer(owner))).json()
    assert (read["id"], read["id"] != second) == (first, True)


def test_every_call_of_a_project_takes_its_slug() -> None:
    paths = {route.path_format: route.path for route in api_routes(rest_api().router) if "project_id" in route.path}
    assert [path for path in paths.values() if "{project_id:project}" not in path] == [
        "/api/hooks/github/{project_id:int}"  # the URL that was copied into GitHub
    ]
