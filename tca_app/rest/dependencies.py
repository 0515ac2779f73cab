"""Dependencies that the routers share: the session, the caller and If-Match."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Path, Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import NotFound, NotSignedIn, PasswordChangeRequired, SecondFactorSetupRequired
from tca_app.core.schema import MAX_ID, Slug
from tca_app.core.security.api_tokens import is_api_token
from tca_app.core.security.rate_limits import get_limits
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.core.telemetry.log import user_id_var
from tca_app.features.auth import service as auth
from tca_app.features.auth.schemas import SignedInUser
from tca_app.features.auth.service import Client
from tca_app.features.projects.service import find_project_id
from tca_app.features.tokens import authentication as tokens
from tca_app.rest.routing import require_scope

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')


async def _transaction() -> AsyncIterator[AsyncSession]:
    async with transaction() as session:
        yield session


async def _read_only() -> AsyncIterator[AsyncSession]:
    async with reading() as session:
        yield session


# The scope ends the session before the response is sent, so an acknowledged write is a committed write.
Writing = Annotated[AsyncSession, Depends(_transaction, scope="function")]
Reading = Annotated[AsyncSession, Depends(_read_only, scope="function")]


# Every dependency is async: FastAPI runs a plain function in a thread, which costs more than the query.
async def client_of(request: Request) -> Client:
    """Return the client of the request, as determined by the edge."""
    return request.scope["client_info"]


FromClient = Annotated[Client, Depends(client_of)]


class Bearer(SecurityBase):
    """Authenticates the caller from the database on every request, so that a revoked session counts at once.

    It is one dependency instead of the five that FastAPI's own classes need: each costs a tenth of a small request.
    """

    def __init__(self) -> None:
        self.scheme_name = "bearer"
        self.model = HTTPBearerModel(description="A JWT of POST /api/auth/login, or an API token (`tca_…`).")

    async def caller(self, request: Request) -> auth.Caller:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotSignedIn
        find = _token_caller if is_api_token(token) else _caller
        caller = await find(token, request.scope["client_info"])
        user_id_var.set(caller.actor.user_id)
        require_scope(request, caller.actor)
        require_changed_password(request, caller.actor)
        require_due_factor(request, caller.actor)
        return caller


# What everybody may call who is signed in: see who they are, and sign out.
_ALWAYS = {
    ("GET", "/api/auth/verify"),
    ("GET", "/api/v1/users/me"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/logout-all"),
}


def require_changed_password(request: Request, actor: Actor) -> None:
    """Raises PasswordChangeRequired, except for the change itself, of which the service allows only the password."""
    if not actor.must_change_password:
        return
    path = request.scope["path"]
    is_change = request.method in ("PATCH", "PUT") and path == f"/api/v1/users/{actor.user_id}"
    if not is_change and (request.method, path) not in _ALWAYS:
        raise PasswordChangeRequired


# What adds a second factor to one's own account, and proves before who one is. API tokens have no scope for these.
_ADDS_FACTOR = ("/api/auth/factors", "/api/auth/recovery-codes", "/api/auth/reauthenticate")


def require_due_factor(request: Request, actor: Actor) -> None:
    """Raises SecondFactorSetupRequired when the days of grace are over, except for what adds a factor."""
    if not actor.lacks_second_factor:
        return
    path = request.scope["path"]
    adds_factor = any(path == start or path.startswith(f"{start}/") for start in _ADDS_FACTOR)
    if not adds_factor and (request.method, path) not in _ALWAYS:
        raise SecondFactorSetupRequired


class SignedIn(Bearer):
    async def __call__(self, request: Request) -> Actor:
        return (await self.caller(request)).actor


class _Person(Bearer):
    async def __call__(self, request: Request) -> SignedInUser:
        return (await self.caller(request)).person


async def _caller(token: str, client: Client) -> auth.Caller:
    caller = auth.known_bearer(token, client)
    if caller is None:
        try:
            async with reading() as session:
                caller = await auth.resolve_bearer(session, token, client)
        except NotSignedIn:
            await get_limits().refuse_excess("api", f"address:{client.ip}")
            raise
    await get_limits().refuse_excess("api", f"user:{caller.actor.user_id}")
    if caller.is_stale:
        async with transaction() as session:
            if not await auth.touch(session, caller.actor.session_id):
                raise NotSignedIn
    return caller


async def _token_caller(token: str, client: Client) -> auth.Caller:
    """Like `_caller`, for an API token. Its calls are counted for the token, not for its owner."""
    try:
        caller = tokens.known_token(token, client)
        if caller is None:
            async with reading() as session:
                caller = await tokens.resolve_token(session, token, client)
    except NotSignedIn:
        await get_limits().refuse_excess("api", f"address:{client.ip}")
        raise
    await get_limits().refuse_excess("api", f"token:{caller.actor.token_id}")
    if caller.is_stale:
        async with transaction() as session:
            await tokens.touch_token(session, caller.actor.token_id)
    return caller


class _Viewer(SignedIn):
    """Like SignedIn, but also accepts the browser's cookie, for a file that a page links to. Only for GET."""

    methods = frozenset({"GET"})

    async def __call__(self, request: Request) -> Actor:
        cookie = cookie_in(request.headers.get("cookie", ""), cookie_name())
        if request.headers.get("authorization") or not cookie or request.method not in self.methods:
            return await super().__call__(request)
        async with reading() as session:
            caller = await auth.resolve_browser(session, cookie, request.scope["client_info"])
        if caller is None:
            raise NotSignedIn
        await get_limits().refuse_excess("api", f"user:{caller.actor.user_id}")
        require_changed_password(request, caller.actor)
        require_due_factor(request, caller.actor)
        return caller.actor


class OwnPage(_Viewer):
    """Like SignedIn, but also accepts the browser's cookie for a file that a page of the console sends.

    The path must be one of `COOKIE_CALLS` in `server/edge.py`, which refuse other sites.
    """

    methods = frozenset({"PUT", "POST"})


authenticate = SignedIn()
CurrentActor = Annotated[Actor, Depends(authenticate)]
CurrentViewer = Annotated[Actor, Depends(_Viewer())]
FromPage = Annotated[Actor, Depends(OwnPage())]
CurrentPerson = Annotated[SignedInUser, Depends(_Person())]


_ProjectKey = Annotated[Slug, Path(description="The number or the slug of the project.", examples=["3", "billing"])]


async def _project_id(project_id: _ProjectKey, _actor: CurrentActor) -> int:
    """Return the number of the project in the path. Digits are always a number.

    The service decides what the caller may see; a stranger gets the same 404 for every name. The caller is
    authenticated first, so that nobody else learns which slugs there are.
    """
    return await _find_project_id(project_id)


async def _viewed_project_id(project_id: _ProjectKey, _actor: CurrentViewer) -> int:
    """Return the same for a file that a page links to."""
    return await _find_project_id(project_id)


async def _find_project_id(project_id: str) -> int:
    if project_id.isdigit():
        number = int(project_id)
        if not 1 <= number <= MAX_ID:
            raise NotFound
        return number
    async with reading() as session:
        found = await find_project_id(session, project_id)
    if found is None:
        raise NotFound
    return found


ProjectId = Annotated[int, Depends(_project_id)]
ViewedProjectId = Annotated[int, Depends(_viewed_project_id)]


async def _if_match(
    if_match: Annotated[
        str | None, Header(max_length=100, description='The ETag you last saw, such as "3"; 412 when it is older.')
    ] = None,
) -> int | None:
    """Return the version of If-Match; 0, which no row has, for an unknown tag."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    return int(match[1]) if match else 0


IfMatch = Annotated[int | None, Depends(_if_match)]
