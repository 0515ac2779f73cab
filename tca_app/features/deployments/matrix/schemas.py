"""Schemas of the environment matrix."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.schema import Limit, ReadModel, ShortSkip
from tca_app.features.deployments.schemas import ProjectRef
from tca_app.features.environments.tiers import Tier


class MatrixQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skip: ShortSkip = 0
    limit: Limit = 100


@dataclass(frozen=True, slots=True)
class MatrixSearch:
    """What the page of environments shows: the first projects by name, of those that match."""

    limit: int
    search: str = ""
    group_id: int | None = None
    only_behind: bool = False


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
    behind: int | None = Field(description="How many releases of the project are newer than its version.")
    is_deploying: bool


class EnvironmentMatrixRow(ReadModel):
    project: ProjectRef
    repository_url: str
    places: list[MatrixCell]
