"""Schemas of environments and freeze windows."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes
from tca_app.core.schema import HttpUrl, Id, InputModel, Moment, Name50, Rank, ReadModel, Reason
from tca_app.features.environments.tiers import Tier
from tca_app.features.users.schemas import PersonRead

EnvironmentName = Annotated[Name50, Field(examples=["production"])]


class EnvironmentCreate(InputModel):
    """Names are unique in a project, ignoring case."""

    name: EnvironmentName
    url: HttpUrl = ""
    rank: Rank = Field(50, description="The order in the pipeline: 0 is first.")
    tier: Tier | None = Field(None, description="The kind of environment. Guessed from the name when left out.")
    is_protected: Annotated[bool, Field(description="Deployments need approval by a maintainer.")] = False
    allow_parallel: Annotated[bool, Field(description="Allows several deployments in progress at the same time.")] = (
        False
    )


class EnvironmentUpdate(Changes):
    name: EnvironmentName = UNSET
    url: HttpUrl = UNSET
    rank: Rank = UNSET
    tier: Tier = UNSET
    is_protected: bool = UNSET
    allow_parallel: bool = UNSET


EnvironmentSort = Literal["rank", "-rank", "name", "-name", "tier", "-tier"]


class EnvironmentQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sort: EnvironmentSort = "rank"


class EnvironmentRead(ReadModel):
    id: int
    project_id: int
    name: str
    url: str
    rank: int
    tier: Tier
    is_protected: bool
    allow_parallel: bool
    version: int
    created_at: datetime
    updated_at: datetime


class FreezeCreate(InputModel):
    """Without `environment_id` the window applies to the whole project."""

    environment_id: Id | None = None
    starts_at: Moment
    ends_at: Moment
    why: Reason


class FreezeQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sort: Literal[
        "starts_at",
        "-starts_at",
        "ends_at",
        "-ends_at",
        "environment",
        "-environment",
        "why",
        "-why",
        "created_by",
        "-created_by",
    ] = "starts_at"


class FreezeRead(ReadModel):
    """`environment` is null when the window applies to the whole project."""

    id: int
    project_id: int
    environment_id: int | None
    environment: str | None
    starts_at: datetime
    ends_at: datetime
    why: str
    created_by: PersonRead | None
    created_at: datetime
