"""Schemas of a rollback plan."""

from pydantic import Field

from tca_app.core.schema import ReadModel
from tca_app.features.deployments.commits.schemas import CommitRange
from tca_app.features.deployments.schemas import DeploymentRead


class RollbackPlan(ReadModel):
    """What a rollback would do now: `to` is deployed again in place of `from_version`, the last deployed version."""

    from_version: str
    to: DeploymentRead
    needs_approval: bool = Field(description="Whether the rollback needs approval by a maintainer.")
    undone: CommitRange = Field(description="The commits that the rollback takes back.")
    compare_url: str = Field(description="The repository's comparison of the two commits, or empty.")
