"""What a rollback would do, as REST and the console show it."""

from pydantic import Field

from tca_app.core.schema import ReadModel
from tca_app.features.deployments.schemas import DeploymentRead


class RollbackPlan(ReadModel):
    """What a rollback would do now: `to` is deployed again in place of `from_version`, which came there last."""

    from_version: str
    to: DeploymentRead
    needs_approval: bool = Field(description="Whether it then waits until a maintainer approves it.")
    compare_url: str = Field(description="The repository's own page of the two commits; empty when there is none.")
