"""REST endpoints of groups, and of the groups of a project. The rules are in the services."""

from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.groups import in_projects, listing, service
from tca_app.features.groups.schemas import (
    GroupCreate,
    GroupFilter,
    GroupMemberAdd,
    GroupMemberQuery,
    GroupMemberRead,
    GroupRead,
    GroupUpdate,
    ProjectGroupAdd,
    ProjectGroupQuery,
    ProjectGroupRead,
    ProjectGroupUpdate,
)
from tca_app.rest.csv_files import CSV, csv_file
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, ProjectId, Reading, ViewedProjectId, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/groups", "groups", "admin")
project_router = console_router("/api/v1/projects", "groups")
_groups = TypeAdapter(list[GroupRead])
_members = TypeAdapter(list[GroupMemberRead])
_project_groups = TypeAdapter(list[ProjectGroupRead])


@router.get("", response_model=list[GroupRead], responses=problems(401, 403))
async def list_groups(query: Annotated[GroupFilter, Query()], actor: CurrentActor, session: Reading) -> Response:
    """List all groups, by default by name."""
    return json_response(_groups.dump_json(await listing.list_groups(session, actor, query)))


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403))
async def export_groups(
    query: Annotated[GroupFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of groups as CSV. A browser's session cookie is accepted."""
    return csv_file("groups", listing.COLUMNS, await listing.list_groups(session, actor, query))


@router.post("", status_code=201, responses=problems(401, 403, 409))
@idempotent(service.get_group, location="/api/v1/groups/{id}")
async def create_group(data: GroupCreate, actor: CurrentActor, session: Writing) -> GroupRead:
    """Create a group. Administrators only."""
    return await service.create_group(session, actor, data)


@router.get("/{group_id:int}", response_model=GroupRead, responses=problems(401, 403, 404))
async def read_group(group_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    return item_response(await service.get_group(session, actor, group_id))


@router.patch("/{group_id:int}", response_model=GroupRead, responses=problems(401, 403, 404, 409, 412))
async def update_group(
    group_id: UrlId, data: GroupUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the given fields. Administrators only."""
    return item_response(await service.update_group(session, actor, group_id, data, if_version))


@router.delete("/{group_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def delete_group(group_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Delete a group. Its people lose the roles that they have by it."""
    await service.delete_group(session, actor, group_id)
    return Response(status_code=204)


@router.get("/{group_id:int}/members", response_model=list[GroupMemberRead], responses=problems(401, 403, 404))
async def list_group_members(
    group_id: UrlId, query: Annotated[GroupMemberQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the people of a group. Administrators only."""
    return json_response(_members.dump_json(await service.list_group_members(session, actor, group_id, query)))


@router.get(
    "/{group_id:int}/members/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403, 404)
)
async def export_group_members(
    group_id: UrlId, query: Annotated[GroupMemberQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of the people of a group as CSV. A browser's session cookie is accepted."""
    rows = await service.list_group_members(session, actor, group_id, query)
    return csv_file("group-members", tuple(GroupMemberRead.model_fields), rows)


@router.post("/{group_id:int}/members", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_group, "group_id", location="/api/v1/groups/{group_id}/members/{user_id}")
async def add_group_member(
    group_id: UrlId, data: GroupMemberAdd, actor: CurrentActor, session: Writing
) -> GroupMemberRead:
    """Add a person, who gets the roles of the group."""
    return await service.add_group_member(session, actor, group_id, data)


@router.delete(
    "/{group_id:int}/members/{user_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404),
)
async def remove_group_member(group_id: UrlId, user_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove a person, who loses the roles of the group."""
    await service.remove_group_member(session, actor, group_id, user_id)
    return Response(status_code=204)


@project_router.get(
    "/{project_id:project}/groups",
    response_model=list[ProjectGroupRead],
    responses=problems(401, 403, 404),
)
async def list_project_groups(
    project_id: ProjectId, query: Annotated[ProjectGroupQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the groups of a project. Maintainers and owners only."""
    found = await in_projects.list_project_groups(session, actor, project_id, query)
    return json_response(_project_groups.dump_json(found))


@project_router.get(
    "/{project_id:project}/groups/export.csv",
    response_class=StreamingResponse,
    responses=CSV | problems(401, 403, 404),
)
async def export_project_groups(
    project_id: ViewedProjectId, query: Annotated[ProjectGroupQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of the groups of a project as CSV. A browser's session cookie is accepted."""
    rows = await in_projects.list_project_groups(session, actor, project_id, query)
    return csv_file("groups", tuple(ProjectGroupRead.model_fields), rows)


@project_router.post("/{project_id:project}/groups", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(in_projects.list_project_groups, "project_id", location="/api/v1/projects/{project_id}/groups/{group_id}")
async def add_project_group(
    project_id: ProjectId, data: ProjectGroupAdd, actor: CurrentActor, session: Writing
) -> ProjectGroupRead:
    """Give everybody in a group a role. Only owners give the role of maintainer."""
    return await in_projects.add_project_group(session, actor, project_id, data)


@project_router.patch(
    "/{project_id:project}/groups/{group_id:int}",
    response_model=ProjectGroupRead,
    responses=problems(401, 403, 404),
)
async def change_project_group(
    project_id: ProjectId, group_id: UrlId, data: ProjectGroupUpdate, actor: CurrentActor, session: Writing
) -> Response:
    """Change the role of a group."""
    return item_response(await in_projects.change_project_group(session, actor, project_id, group_id, data))


@project_router.delete(
    "/{project_id:project}/groups/{group_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404),
)
async def remove_project_group(
    project_id: ProjectId, group_id: UrlId, actor: CurrentActor, session: Writing
) -> Response:
    """Remove a group. Its people keep the roles that they have in another way."""
    await in_projects.remove_project_group(session, actor, project_id, group_id)
    return Response(status_code=204)
