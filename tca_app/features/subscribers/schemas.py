"""Schemas of the subscribers of the public status page."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tca_app.core.database.concurrency import ListFilter, ListQuery
from tca_app.core.filters import DayOrMoment
from tca_app.core.language.messages import LanguageName
from tca_app.core.schema import Email, ReadModel

MAX_TOKEN = 100
_email = TypeAdapter(Email)
SubscriberSort = Literal["created_at", "-created_at", "email", "-email", "language", "-language"]


class SubscriberFilter(ListFilter):
    since: DayOrMoment | None = Field(None, description="Confirmed at or after this time.")
    until: DayOrMoment | None = Field(None, description="Confirmed before this time, or on this day at the latest.")
    sort: SubscriberSort = "-created_at"


class SubscriberQuery(SubscriberFilter, ListQuery):
    """A page of subscribers."""


class SubscriberRead(ReadModel):
    """A confirmed address. `language` is that of its mails, `created_at` when it was confirmed."""

    id: int
    email: str
    language: LanguageName
    created_at: datetime


class SubscriptionForm(BaseModel):
    """What the form of the public page sends."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=1000, examples=["ana@example.com"])]


class ConfirmationForm(BaseModel):
    """What the button of the page sends that the link in the mail opens."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(max_length=MAX_TOKEN)]


def address_of(text: str) -> str | None:
    """Returns the email address that someone entered, or None when it is none."""
    try:
        return _email.validate_python(text.strip())
    except ValidationError:
        return None
