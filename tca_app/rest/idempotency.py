"""Idempotent POST routes: the same `Idempotency-Key` and body get the first response again."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar

from fastapi import Header, Request, Response
from pydantic import BaseModel

from tca_app.features.idempotency.service import once
from tca_app.rest.responses import item_headers

Shape = TypeVar("Shape", bound=BaseModel)
Route = Callable[..., Awaitable[Shape]]

_Key = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Any unique text. The same key and body within 24 hours get the first answer again, with null "
        "for its secrets, while the caller may still see what it is about.",
    ),
]
_PARAMETERS = [
    Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request),
    Parameter("response", Parameter.KEYWORD_ONLY, annotation=Response),
    Parameter("idempotency_key", Parameter.KEYWORD_ONLY, annotation=_Key, default=None),
]


def idempotent(
    check_access: Callable[..., Awaitable[object]] | None, subject: str = "id", location: str = ""
) -> Callable[[Route[Shape]], Route[Shape]]:
    """Give a POST route an `Idempotency-Key` header, and its response an ETag and the `location`.

    A repeated response is sent only if `check_access(session, actor, subject)` raises nothing, so a caller who has lost
    access since is refused; None is for a response about the caller alone. `subject` and the names in `location` are
    parameters of the route or fields of its response. The route has the parameters `session`, `actor` and, with a body,
    `data`.
    """

    def decorate(route: Route[Shape]) -> Route[Shape]:
        of_route = signature(route)

        @wraps(route)
        async def answer(
            request: Request,
            response: Response,
            idempotency_key: str | None,
            **values: Any,  # noqa: ANN401  the parameters of the route, which FastAPI checks
        ) -> Shape:
            session, actor, data = values["session"], values["actor"], values.get("data")

            async def check(earlier: Shape) -> None:
                if check_access:
                    await check_access(session, actor, {**dict(earlier), **values}[subject])

            body = data.model_dump_json(exclude_unset=True) if data and idempotency_key else ""
            call = f"{request.method} {request.scope['path']}\n{body}"
            act = partial(route, **values)
            item = await once(session, actor, idempotency_key, call, of_route.return_annotation, act, check)
            response.headers.update(item_headers(item))
            if location:
                response.headers["Location"] = location.format_map({**dict(item), **values})
            return item

        parameters = [*of_route.parameters.values(), *_PARAMETERS]
        answer.__signature__ = of_route.replace(parameters=parameters)  # type: ignore[attr-defined]
        return answer

    return decorate
