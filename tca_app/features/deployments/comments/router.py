"""REST endpoints of comments on deployments. The rules are in the service."""

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.deployments.comments import service
from tca_app.features.deployments.comments.schemas import (
    CommentCreate,
    CommentQuery,
    CommentRead,
    CommentUpdate,
    PeopleQuery,
)
from tca_app.features.users.schemas import PersonRead
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response, next_link
from tca_app.rest.routing import console_router

router = console_router("/api/v1/deployments/{deployment_id:int}", "deployments")
_comments = TypeAdapter(list[CommentRead])
_people = TypeAdapter(list[PersonRead])


@router.get("/comments", response_model=list[CommentRead], responses=problems(401, 404))
async def list_comments(
    request: Request,
    deployment_id: UrlId,
    query: Annotated[CommentQuery, Query()],
    actor: CurrentActor,
    session: Reading,
) -> Response:
    """List the comments on a deployment, newest first. `Link` leads to older ones."""
    found, more = await service.list_comments(session, actor, deployment_id, query)
    headers = next_link(request, found[-1].id) if more else {}
    return json_response(_comments.dump_json(found), headers=headers)


@router.post("/comments", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_comment)
async def create_comment(
    deployment_id: UrlId, data: CommentCreate, actor: CurrentActor, session: Writing
) -> CommentRead:
    """Comment on a deployment, for everybody who may see it. Mentioned people are notified.

    409 `too_many_comments` after 1,000. 429 after 60 comments and notified people in a minute.
    """
    return await service.create_comment(session, actor, deployment_id, data)


@router.patch("/comments/{comment_id:int}", response_model=CommentRead, responses=problems(401, 403, 404))
async def update_comment(
    deployment_id: UrlId, comment_id: UrlId, data: CommentUpdate, actor: CurrentActor, session: Writing
) -> Response:
    """Edit your own comment. People whom it did not mention before are notified."""
    return item_response(await service.update_comment(session, actor, deployment_id, comment_id, data))


@router.delete(
    "/comments/{comment_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404)
)
async def delete_comment(deployment_id: UrlId, comment_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Delete your own comment, or as a maintainer that of someone else. It cannot be restored."""
    await service.delete_comment(session, actor, deployment_id, comment_id)
    return Response(status_code=204)


@router.get("/people", response_model=list[PersonRead], responses=problems(401, 403, 404))
async def list_mentionable(
    deployment_id: UrlId, query: Annotated[PeopleQuery, Query()], actor: CurrentViewer, session: Reading
) -> Response:
    """List up to 8 people to mention in a comment: the project's team. A browser's session cookie is accepted."""
    return json_response(
        _people.dump_json(await service.search_mentionable(session, actor, deployment_id, query.search))
    )
