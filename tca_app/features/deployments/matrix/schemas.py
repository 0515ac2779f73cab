"""Schemas of the environment matrix."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tca_app.core.database.concurrency import ListFilter
from tca_app.core.filters import Many
from tca_app.core.schema import Flag, Limit, LongLimit, ReadModel, ShortSkip, UrlId
from tca_app.features.environments.tiers import Tier
from tca_app.features.projects.schemas import ProjectRef

MatrixSort = Annotated[
    str,
    Field(
        pattern=r"^-?(name|group|(age|drift):[^\x00-\x1f\x7f]{1,100})$",
        description="`age:production` is by the age of what runs in production, `drift:production` by how many "
        "releases it is behind. Projects without it are last.",
        examples=["-drift:production"],
    ),
]


class MatrixFilter(ListFilter):
    """Projects that are not archived. `search` matches name and slug; `group_id`: projects with one of these groups.

    Groups that you are not in are left out, except for superusers.
    """

    group_id: Many[UrlId] = []
    is_behind: Flag | None = Field(None, description="Whether an environment is behind the newest release.")
    sort: MatrixSort = "name"


class MatrixPage(MatrixFilter):
    """A page of projects with their environments."""

    skip: ShortSkip = 0
    limit: LongLimit = 500


class MatrixQuery(MatrixPage):
    limit: Limit = 100


class MatrixCell(ReadModel):
    """An environment and its last successful deployment, null before the first."""

    environment_id: int
    environment: str
    rank: int
    url: str
    tier: Tier
    is_protected: bool
    deployment_id: int | None
    version: str | None
    commit_sha: str | None
    finished_at: datetime | None
    who: str | None
    created_by_id: int | None = Field(description="The id of `who`, null for what a CI reported without a user.")
    behind: int | None = Field(description="How many releases of the project are newer than its version.")
    is_deploying: bool


class EnvironmentMatrixRow(ReadModel):
    project: ProjectRef
    repository_url: str
    groups: list[str] = Field(description="The names of its groups that you may see.")
    places: list[MatrixCell]


class EnvironmentLine(MatrixCell):
    """An environment with its project: a line of a file."""

    project_id: int
    project_name: str
    project_slug: str
