"""Shared dependencies of the routers: the session, the actor, common headers and the problem schema."""

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar, get_origin

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from tca_app.core.actor import Actor, client_ip_var
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Invalid, NotSignedIn
from tca_app.core.security.rate_limits import get_limits
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.core.telemetry.log import user_id_var
from tca_app.features.auth import service as auth
from tca_app.features.auth.schemas import SignedInUser
from tca_app.features.auth.service import Client
from tca_app.features.idempotency.service import once
from tca_app.rest.bodies import read_json, refuse_repeated

Shape = TypeVar("Shape", bound=BaseModel)
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')


class _BoundedInteger(IntegerConvertor):
    regex = "[0-9]{1,25}"  # Python parses at most 4,300 digits; Starlette would answer more with a 500


register_url_convertor("int", _BoundedInteger())


class FieldProblem(BaseModel):
    pointer: str = Field(description="A JSON pointer to the bad field.", examples=["/email"])
    detail: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `request_id` finds the call in the log."""

    type: str = Field(examples=["urn:tca-infraforge:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["not_found"])
    request_id: str
    errors: list[FieldProblem] | None = None


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for the OpenAPI document, which adds those common to all routes."""
    return {
        code: {
            "description": HTTPStatus(code).phrase,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for code in codes
    }


class _StrictRequest(Request):
    """A request whose body must not repeat a name."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json

    async def form(self, **limits: Any) -> FormData:  # type: ignore[override]  # FastAPI awaits it
        form = await super().form(**limits)
        refuse_repeated((name for name, _ in form.multi_items()), "field")
        return form


class ConsoleRoute(APIRoute):
    """A route that opens and closes the session of a call, and refuses unknown query parameters.

    A misspelt filter must not return all rows. The session is not a dependency with `yield`, because FastAPI's
    machinery around one costs half as much as the query.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = _query_names(self.dependant)
        has_body = self.body_field is not None
        calls = set(_calls(self.dependant))
        open_session = transaction if _writing in calls else reading if _reading in calls else None

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException as error:
                # FastAPI turns any error while reading a body into a 400.
                if isinstance(error.__cause__, AppError):
                    raise error.__cause__ from None
                raise

        async def checked(request: Request) -> Response:
            client_ip_var.set(request.scope["client_info"].ip)
            if request.scope["query_string"]:
                _refuse_unknown(request, known)
            asked = _StrictRequest(request.scope, request.receive) if has_body else request
            if open_session is None:
                return await answer(asked)
            # Commits before the response is sent, so an acknowledged write is a committed write.
            async with open_session() as session:
                request.scope["session"] = session
                return await answer(asked)

        return checked


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _query_names(dependant: Dependant) -> dict[str, bool]:
    """Return the names of the query parameters; True for a list, whose name may repeat."""
    names: dict[str, bool] = {}
    for param in dependant.query_params:
        shape = param.field_info.annotation
        is_model = isinstance(shape, type) and issubclass(shape, BaseModel)
        fields = shape.model_fields if is_model and shape else {param.alias: param.field_info}
        names |= {name: get_origin(field.annotation) is list for name, field in fields.items()}
    for inner in dependant.dependencies:
        names |= _query_names(inner)
    return names


def _refuse_unknown(request: Request, known: dict[str, bool]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            raise Invalid.at(name[:50], "Unknown parameter.")
    refuse_repeated((name for name in names if not known[name]), "parameter")


class _PrefixedRouter(APIRouter):
    """A router that compares its prefix before the patterns of its routes."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix=prefix, **options)
        self._beginning = prefix.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope["path"].startswith(self._beginning) else (Match.NONE, {})


def console_router(prefix: str, tag: str) -> APIRouter:
    """Create a router with ConsoleRoute, one tag and no trailing slashes."""
    return _PrefixedRouter(prefix=prefix, tags=[tag], route_class=ConsoleRoute, redirect_slashes=False)


async def _writing(request: Request) -> AsyncSession:
    return request.scope["session"]


async def _reading(request: Request) -> AsyncSession:
    return request.scope["session"]


# The session opened by ConsoleRoute: one transaction for the whole call, or a read-only session.
Writing = Annotated[AsyncSession, Depends(_writing)]
Reading = Annotated[AsyncSession, Depends(_reading)]


# Every dependency is async: FastAPI runs a plain function in a thread, which costs more than the query.
async def client_of(request: Request) -> Client:
    """Return the client of the request, as determined by the edge."""
    return request.scope["client_info"]


FromClient = Annotated[Client, Depends(client_of)]


class SignedIn(SecurityBase):
    """Authenticates the caller from the database on every request, so that a revoked session counts at once.

    It is one dependency instead of the five that FastAPI's own classes need: each costs a tenth of a small request.
    """

    def __init__(self, part: Literal["actor", "person"]) -> None:
        self.part = part
        self.scheme_name = "bearer"
        self.model = HTTPBearerModel(description="A JWT access token of POST /api/auth/login.")

    async def __call__(self, request: Request) -> Any:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotSignedIn
        caller = await _caller(token, request.scope["client_info"])
        user_id_var.set(caller.actor.user_id)
        return getattr(caller, self.part)


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


class _Viewer(SignedIn):
    """Like SignedIn, but also accepts the browser's cookie, for a file that a page links to. Only for GET."""

    async def __call__(self, request: Request) -> Any:
        cookie = cookie_in(request.headers.get("cookie", ""), cookie_name())
        if request.headers.get("authorization") or not cookie or request.method != "GET":
            return await super().__call__(request)
        async with reading() as session:
            caller = await auth.resolve_browser(session, cookie, request.scope["client_info"])
        if caller is None:
            raise NotSignedIn
        await get_limits().refuse_excess("api", f"user:{caller.actor.user_id}")
        return caller.actor


CurrentActor = Annotated[Actor, Depends(SignedIn("actor"))]
CurrentViewer = Annotated[Actor, Depends(_Viewer("actor"))]
CurrentPerson = Annotated[SignedInUser, Depends(SignedIn("person"))]


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


class Idempotency:
    """The `Idempotency-Key` of a POST: the same key and body get the first response again."""

    def __init__(self, call: str, key: str | None) -> None:
        self.call = call
        self.key = key

    async def answer(
        self,
        session: AsyncSession,
        actor: Actor,
        data: BaseModel | None,
        shape: type[Shape],
        act: Callable[[], Awaitable[Shape]],
        check_access: Callable[[Shape], Awaitable[object]],
    ) -> Shape:
        """Return the result of `act`, or its stored response.

        `check_access` reads the subject again, so a caller who has lost access since is refused.
        """
        body = data.model_dump_json(exclude_unset=True) if data and self.key else ""
        return await once(session, actor, self.key, f"{self.call}\n{body}", shape, act, check_access)


async def _idempotency(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[!-~]+$",
            description="Any unique text. The same key and body within 24 hours get the first answer again, with null "
            "for its secrets, while the caller may still see what it is about.",
        ),
    ] = None,
) -> Idempotency:
    return Idempotency(f"{request.method} {request.scope['path']}", idempotency_key)


Once = Annotated[Idempotency, Depends(_idempotency)]
