"""Schemas of sign-in at providers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from tca_app.core.schema import ReadModel

ProviderKey = Literal["github", "oidc"]


class ProviderPage(ReadModel):
    """Where the browser goes on: the page of the provider that asks the person."""

    url: str


class IdentityRead(ReadModel):
    """A way to sign in at a provider. `name` is what the provider calls you."""

    id: int
    provider: ProviderKey
    label: str = Field(description="The name of the provider, as the pages show it.", examples=["GitHub"])
    name: str
    created_at: datetime
    last_used_at: datetime | None
    is_usable: bool = Field(description="False when the console no longer offers sign-in at this provider.")
