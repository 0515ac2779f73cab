"""What every REST route of the console has: the scope that an API token needs, and strict parameters and bodies."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal, get_origin

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.convertors import IntegerConvertor, StringConvertor, register_url_convertor

from tca_app.core.actor import Actor
from tca_app.core.errors import InsufficientScope, Invalid, SessionRequired
from tca_app.core.security.scopes import Scope
from tca_app.rest.bodies import StrictRequest, refuse_repeated

# The scope of a route in the OpenAPI document. `session`: API tokens are refused.
TOKEN_SCOPE = "x-token-scope"  # noqa: S105  the name of an extension
_NEEDED = "token_scope"  # in the ASGI scope of a request
Access = Scope | Literal["session"]


class _BoundedInteger(IntegerConvertor):
    regex = "[0-9]{1,25}"  # Python parses at most 4,300 digits; Starlette would answer more with a 500


class _ProjectKey(StringConvertor):
    regex = "[a-z0-9-]{1,100}"  # the number or the slug of a project, which `ProjectId` resolves


register_url_convertor("int", _BoundedInteger())
register_url_convertor("project", _ProjectKey())


class ConsoleRoute(APIRoute):
    """A route that knows the scope it needs, and refuses unknown query parameters: a misspelt filter must not return
    all rows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = _query_names(self.dependant)
        needed = (self.openapi_extra or {}).get(TOKEN_SCOPE, "session")

        async def checked(request: Request) -> Response:
            request.scope[_NEEDED] = needed
            if request.scope["query_string"]:
                _refuse_unknown(request, known)
            return await handle(StrictRequest(request.scope, request.receive))

        return checked


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


def require_scope(request: Request, actor: Actor) -> None:
    """Raises SessionRequired or InsufficientScope unless the caller's token may call this route."""
    if actor.scopes is None:
        return
    needed = request.scope.get(_NEEDED, "session")
    if needed == "session":
        raise SessionRequired
    if needed not in actor.scopes:
        raise InsufficientScope.of(needed)


def token_scope(access: Access) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that needs another scope than its router says."""
    return {TOKEN_SCOPE: access}


class ConsoleRouter(APIRouter):
    """A router whose routes need the scope `access`; by default `read` for GET and `write` for everything else."""

    def __init__(self, prefix: str, tag: str, access: Access | None = None) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=ConsoleRoute)
        self._access = access

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401
        is_read = set(options["methods"] or {"GET"}) <= {"GET"}
        access = self._access or ("read" if is_read else "write")
        options["openapi_extra"] = token_scope(access) | (options["openapi_extra"] or {})
        super().add_api_route(path, endpoint, **options)


def console_router(prefix: str, tag: str, access: Access | None = None) -> ConsoleRouter:
    """Create a router with ConsoleRoute, one tag, and the scope that API tokens need."""
    return ConsoleRouter(prefix, tag, access)
