"""REST endpoints under `/api/v1/projects`: projects and their members. The rules are in the services."""

from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.projects import service, team
from tca_app.features.projects.listing import export, members
from tca_app.features.projects.schemas import (
    MemberFilter,
    MemberQuery,
    MemberRead,
    MemberUpdate,
    ProjectCreate,
    ProjectFilter,
    ProjectQuery,
    ProjectRead,
    ProjectUpdate,
    TeamMember,
    Transfer,
)
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, ProjectId, Reading, ViewedProjectId, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/projects", "projects")
_projects = TypeAdapter(list[ProjectRead])
_members = TypeAdapter(list[MemberRead])
_read_team = partial(team.list_members, query=MemberQuery(limit=1))


@router.get("", response_model=list[ProjectRead], responses=problems(401))
async def list_projects(
    request: Request, query: Annotated[ProjectQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the caller's projects; superusers see all. `deleted=true` lists the trash."""
    page = await service.list_projects(session, actor, query)
    return page_response(request, page, _projects, query.skip, query.limit)


# With a dot, so that it takes no project its slug.
@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_projects(
    query: Annotated[ProjectFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of projects as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await export.find_project_ids(session, actor, query)
    return csv_response(
        "projects", export.COLUMNS, ids, lambda batch, some: export.read_projects(batch, actor, query, some)
    )


@router.post("", status_code=201, responses=problems(401, 404, 409))
@idempotent(service.get_project, location="/api/v1/projects/{id}")
async def create_project(data: ProjectCreate, actor: CurrentActor, session: Writing) -> ProjectRead:
    """Create a project owned by the caller. Without a slug one is made from the name."""
    return await service.create_project(session, actor, data)


@router.get("/{project_id:project}", response_model=ProjectRead, responses=problems(401, 404))
async def read_project(project_id: ProjectId, actor: CurrentActor, session: Reading) -> Response:
    return item_response(await service.get_project(session, actor, project_id))


@router.patch("/{project_id:project}", response_model=ProjectRead, responses=problems(401, 403, 404, 409, 412))
@router.put("/{project_id:project}", response_model=ProjectRead, responses=problems(401, 403, 404, 409, 412))
async def update_project(
    project_id: ProjectId, data: ProjectUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the given fields. Only owners change the name or slug or archive; maintainers may change the rest."""
    return item_response(await service.update_project(session, actor, project_id, data, if_version))


@router.delete(
    "/{project_id:project}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 412),
)
async def delete_project(project_id: ProjectId, actor: CurrentActor, session: Writing, if_version: IfMatch) -> Response:
    """Move a project to the trash. Owners only."""
    await service.delete_project(session, actor, project_id, if_version)
    return Response(status_code=204)


@router.post("/{project_id:project}/restore", responses=problems(401, 403, 404))
@idempotent(service.get_project, "project_id")
async def restore_project(project_id: ProjectId, actor: CurrentActor, session: Writing) -> ProjectRead:
    """Restore a project from the trash. Owners only."""
    return await service.restore_project(session, actor, project_id)


@router.post(
    "/{project_id:project}/transfer",
    responses=problems(401, 403, 404, 409, 412),
)
@idempotent(service.get_project, "project_id")
async def transfer_project(
    project_id: ProjectId, data: Transfer, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> ProjectRead:
    """Transfer a project to a new owner. The current owner becomes a maintainer."""
    return await service.transfer_project(session, actor, project_id, data, if_version)


@router.get("/{project_id:project}/members", response_model=list[MemberRead], responses=problems(401, 403, 404))
async def list_members(
    request: Request,
    project_id: ProjectId,
    query: Annotated[MemberQuery, Query()],
    actor: CurrentActor,
    session: Reading,
) -> Response:
    """List the members, by default highest role first. Maintainers and owners only."""
    page = await team.list_members(session, actor, project_id, query)
    return page_response(request, page, _members, query.skip, query.limit)


@router.get(
    "/{project_id:project}/members/export.csv",
    response_class=StreamingResponse,
    responses=CSV | problems(401, 403, 404),
)
async def export_members(
    project_id: ViewedProjectId, query: Annotated[MemberFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of members as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await members.find_member_ids(session, actor, project_id, query)
    return csv_response(
        "members",
        members.COLUMNS,
        ids,
        lambda batch, some: members.read_members(batch, actor, project_id, query, some),
        key="user_id",
    )


@router.post(
    "/{project_id:project}/members",
    status_code=201,
    responses=problems(401, 403, 404, 409),
)
@idempotent(_read_team, "project_id", location="/api/v1/projects/{project_id}/members/{user_id}")
async def add_member(project_id: ProjectId, data: TeamMember, actor: CurrentActor, session: Writing) -> MemberRead:
    """Add a member. Maintainers and owners only; only owners may add maintainers."""
    return await team.add_member(session, actor, project_id, data)


@router.patch(
    "/{project_id:project}/members/{user_id:int}",
    response_model=MemberRead,
    responses=problems(401, 403, 404, 409),
)
async def change_member(
    project_id: ProjectId, user_id: UrlId, data: MemberUpdate, actor: CurrentActor, session: Writing
) -> Response:
    """Change the role of a member. Only owners grant or revoke the role of maintainer."""
    return item_response(await team.change_member(session, actor, project_id, user_id, data))


@router.delete(
    "/{project_id:project}/members/{user_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409),
)
async def remove_member(project_id: ProjectId, user_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove a member. Every member except the owner may also leave."""
    await team.remove_member(session, actor, project_id, user_id)
    return Response(status_code=204)
