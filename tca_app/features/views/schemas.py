"""Schemas of saved views."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from tca_app.core.database.concurrency import UNSET, Changes
from tca_app.core.schema import Id, InputModel, Name60, ReadModel, null_is_empty
from tca_app.features.views.lists import MAX_QUERY, ViewedList

_Query = Annotated[
    str,
    Field(
        max_length=MAX_QUERY,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="The query of the list's URL. Parameters that the list does not have are dropped.",
        examples=["status=failed&sort=-version"],
    ),
]
GivenQuery = Annotated[_Query, BeforeValidator(null_is_empty, json_schema_input_type=_Query | None)]


class ViewCreate(InputModel):
    """A view of a list. A shared one is for everybody who may see the list, and only administrators create it.

    `members` needs a `project_id` and `deliveries` a `webhook_id`. `webhooks` and `own_tokens` may have a `project_id`;
    without it they are those of the instance, or one's own. The other lists take neither.
    """

    list: ViewedList
    project_id: Id | None = None
    webhook_id: Id | None = None
    name: Name60
    query: GivenQuery = ""
    is_shared: bool = False
    is_pinned: bool = False


class ViewUpdate(Changes):
    name: Name60 = UNSET
    query: GivenQuery = UNSET
    is_pinned: bool = UNSET


class ViewRead(ReadModel):
    """A saved view. A pinned one is in the sidebar, a pinned shared one in the sidebar of everybody."""

    id: int
    list: ViewedList
    project_id: int | None = Field(description="The project whose list it is, or which has the webhook.")
    webhook_id: int | None
    name: str
    query: str
    is_shared: bool
    is_pinned: bool
    created_at: datetime
    updated_at: datetime
