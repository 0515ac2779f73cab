"""What the calls about the GitHub webhook take and give."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from tca_app.core.schema import Id, InputModel, ReadModel


class RepositoryRef(ReadModel):
    """A repository of GitHub; its id survives a rename."""

    id: int
    full_name: str


class RefusedRepository(RepositoryRef):
    refused_at: datetime


class HookRead(ReadModel):
    """`url` goes into the settings of the repository; `rotated_at` is null while there is no secret.

    `repository` is null before the first delivery; `refused` is another one whose delivery was refused last.
    """

    url: str
    rotated_at: datetime | None
    repository: RepositoryRef | None = None
    refused: RefusedRepository | None = None


class RepositoryChoice(InputModel):
    repository_id: Id


class NewHook(ReadModel):
    """`secret` is shown this once."""

    url: str
    rotated_at: datetime
    secret: str | None = Field(
        description="Null when the answer is given again for an Idempotency-Key: secrets are not kept for that."
    )


class HookAnswer(ReadModel):
    """The outcome of a delivery, which GitHub shows beside it. Only one that is `done` is not processed again."""

    outcome: Literal["done", "known", "ignored"]
    detail: str
