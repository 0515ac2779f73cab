"""Schemas of the GitHub webhook."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from tca_app.core.schema import Id, InputModel, ReadModel


class RepositoryRef(ReadModel):
    """A GitHub repository. Its id survives a rename."""

    id: int
    full_name: str


class RefusedRepository(RepositoryRef):
    refused_at: datetime


class HookRead(ReadModel):
    """`url` is the payload URL for the repository's settings. `rotated_at` is null while there is no secret.

    `repository` is null before the first delivery. `refused` is the repository of the last refused delivery.
    """

    url: str
    rotated_at: datetime | None
    repository: RepositoryRef | None = None
    refused: RefusedRepository | None = None


class RepositoryChoice(InputModel):
    repository_id: Id


class NewHook(ReadModel):
    """A new secret, which is shown only once."""

    url: str
    rotated_at: datetime
    secret: str | None = Field(
        description="Null in a repeated response for an Idempotency-Key, because secrets are not stored."
    )


class HookAnswer(ReadModel):
    """The outcome of a delivery, which GitHub shows. Only a `done` delivery is not processed again."""

    outcome: Literal["done", "known", "ignored"]
    detail: str
