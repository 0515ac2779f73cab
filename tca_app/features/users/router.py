"""REST endpoints under `/api/v1/users`. The rules are in the service."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.pictures import MEDIA_TYPE
from tca_app.core.schema import SearchText, UrlId
from tca_app.features.auth.schemas import SignedInUser
from tca_app.features.users import export, pictures, service
from tca_app.features.users.schemas import (
    MembershipQuery,
    PersonRead,
    PictureRead,
    PictureUpdate,
    UserCreate,
    UserFilter,
    UserQuery,
    UserRead,
    UserUpdate,
)
from tca_app.rest.csv_files import CSV, csv_file, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentPerson, CurrentViewer, FromPage, IfMatch, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.images import IMAGE, image_response
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response, page_response
from tca_app.rest.routing import console_router, token_scope

router = console_router("/api/v1/users", "users", "admin")
_users = TypeAdapter(list[UserRead])
_people = TypeAdapter(list[PersonRead])


@router.get("", response_model=list[UserRead], responses=problems(401, 403))
async def list_users(
    request: Request, query: Annotated[UserQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List users, newest first unless `sort` says otherwise. Superusers only. `deleted=true` lists the trash."""
    page = await service.list_users(session, actor, query)
    return page_response(request, page, _users, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403))
async def export_users(
    query: Annotated[UserFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of users as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await export.find_user_ids(session, actor, query)
    return csv_response("users", export.COLUMNS, ids, lambda batch, some: export.read_users(batch, actor, query, some))


@router.post("", status_code=201, responses=problems(401, 403, 409))
@idempotent(service.get_user, location="/api/v1/users/{id}")
async def create_user(data: UserCreate, actor: CurrentActor, session: Writing) -> UserRead:
    """Create a user. Superusers only."""
    return await service.create_user(session, actor, data)


@router.get(
    "/directory", openapi_extra=token_scope("read"), response_model=list[PersonRead], responses=problems(401, 403)
)
async def search_people(actor: CurrentActor, session: Reading, search: SearchText = "") -> Response:
    """Search active users by name, for pickers. Returns at most 20. A token of a project needs the scope `write`."""
    return json_response(_people.dump_json(await service.search_people(session, actor, search)))


@router.get("/me", openapi_extra=token_scope("read"), response_model=SignedInUser, responses=problems(401))
async def read_me(person: CurrentPerson) -> Response:
    return item_response(person)


@router.put("/me/picture", openapi_extra=token_scope("session"), response_model=PictureRead, responses=problems(401))
async def put_picture(data: PictureUpdate, actor: FromPage, session: Writing) -> Response:
    """Replace your own picture. It is cut to a square, made smaller, and stored without the metadata of the file."""
    return item_response(await pictures.put_picture(session, actor, data))


@router.get(
    "/{user_id:int}/picture",
    openapi_extra=token_scope("session"),
    response_class=Response,
    responses=IMAGE | problems(401, 404),
)
async def read_picture(
    request: Request,
    user_id: UrlId,
    actor: CurrentViewer,
    session: Reading,
    v: Annotated[str, Query(max_length=64, description="The hash of the image, so that it can be cached.")] = "",
) -> Response:
    """Read the picture of a user."""
    content, digest = await pictures.get_picture(session, actor, user_id)
    return image_response(request, content, MEDIA_TYPE, digest, asked=v, is_public=False)


@router.delete(
    "/{user_id:int}/picture",
    openapi_extra=token_scope("session"),
    status_code=204,
    response_class=Response,
    responses=problems(401, 404),
)
async def delete_picture(user_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove a picture: your own, or that of anybody as a superuser."""
    await pictures.delete_picture(session, actor, user_id)
    return Response(status_code=204)


@router.get("/{user_id:int}", response_model=UserRead, responses=problems(401, 404))
async def read_user(user_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    """Read a user: your own account, or any account as a superuser."""
    return item_response(await service.get_user(session, actor, user_id))


@router.get("/{user_id:int}/projects/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 404))
async def export_memberships(
    user_id: UrlId, query: Annotated[MembershipQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the projects of a user as CSV: your own, or those of anybody as a superuser."""
    page = await service.list_memberships(session, actor, user_id, query, MAX_ROWS)
    return csv_file("user-projects", export.MEMBERSHIP_COLUMNS, page.items)


@router.patch("/{user_id:int}", response_model=UserRead, responses=problems(401, 403, 404, 409, 412))
@router.put("/{user_id:int}", response_model=UserRead, responses=problems(401, 403, 404, 409, 412))
async def update_user(
    user_id: UrlId, data: UserUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the given fields. Your own: full_name; email and password with current_password. Superusers: all."""
    return item_response(await service.update_user(session, actor, user_id, data, if_version))


@router.delete(
    "/{user_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 412),
)
async def delete_user(
    user_id: UrlId, actor: CurrentActor, session: Writing, if_version: IfMatch, transfer_to: UrlId | None = None
) -> Response:
    """Move a user to the trash. Superusers only. `transfer_to` is the new owner of the user's projects."""
    await service.delete_user(session, actor, user_id, transfer_to, if_version)
    return Response(status_code=204)


@router.post("/{user_id:int}/restore", responses=problems(401, 403, 404, 409))
@idempotent(service.get_user, "user_id")
async def restore_user(user_id: UrlId, actor: CurrentActor, session: Writing) -> UserRead:
    """Restore a user from the trash. Superusers only."""
    return await service.restore_user(session, actor, user_id)
