"""Shared dependencies of routers: how a request is parsed and who may call."""

import asyncio
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tca_app.features.auth.router import router as auth_router
from tca_app.features.projects.router import router as projects_router
from tca_app.features.users.router import router as users_router
from tca_app.server.api import build_api


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
