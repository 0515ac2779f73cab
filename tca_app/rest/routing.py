"""What every REST route of the console refuses: unknown or repeated query parameters, and repeated names in a body."""

from collections.abc import Callable, Coroutine
from typing import Any, get_origin

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.convertors import IntegerConvertor, StringConvertor, register_url_convertor

from tca_app.core.errors import Invalid
from tca_app.rest.bodies import StrictRequest, refuse_repeated


class _BoundedInteger(IntegerConvertor):
    regex = "[0-9]{1,25}"  # Python parses at most 4,300 digits; Starlette would answer more with a 500


class _ProjectKey(StringConvertor):
    regex = "[a-z0-9-]{1,100}"  # the number or the slug of a project, which `ProjectId` resolves


register_url_convertor("int", _BoundedInteger())
register_url_convertor("project", _ProjectKey())


class ConsoleRoute(APIRoute):
    """A route that refuses unknown query parameters: a misspelt filter must not return all rows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = _query_names(self.dependant)

        async def checked(request: Request) -> Response:
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


def console_router(prefix: str, tag: str) -> APIRouter:
    """Create a router with ConsoleRoute and one tag."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=ConsoleRoute)
