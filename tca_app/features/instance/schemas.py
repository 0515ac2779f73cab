"""Schemas of the instance settings."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tca_app.core.database.concurrency import UNSET, Changes
from tca_app.core.instance import SignUp, TwoFactor
from tca_app.core.language.messages import LanguageName
from tca_app.core.schema import (
    GraceDays,
    IdleMinutes,
    InputModel,
    Name50,
    PasswordLength,
    ReadModel,
    SessionDays,
    TimeZone,
)

MAX_LOGO = 64 * 1024
Base64 = Annotated[str, Field(min_length=1, max_length=(MAX_LOGO + 2) // 3 * 4, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class InstanceUpdate(Changes):
    """A setting that the environment sets is refused."""

    app_name: Name50 = UNSET
    sign_up: SignUp = UNSET
    two_factor_required: TwoFactor = UNSET
    two_factor_grace_days: GraceDays = UNSET
    session_days: SessionDays = UNSET
    session_idle_minutes: IdleMinutes = UNSET
    password_min_length: PasswordLength = UNSET
    time_zone: TimeZone = UNSET
    language: LanguageName = UNSET
    status_public: bool = UNSET


class InstanceRead(ReadModel):
    """The effective settings. `set_by_environment` has those that are read-only, with the variable that sets each."""

    app_name: str
    logo_url: str = Field(description="Empty without a logo.", examples=["/api/v1/instance/logo?v=0123456789abcdef"])
    sign_up: SignUp
    two_factor_required: TwoFactor
    two_factor_grace_days: int
    two_factor_since: datetime | None
    session_days: int
    session_idle_minutes: int
    password_min_length: int
    time_zone: str
    language: LanguageName
    status_public: bool
    set_by_environment: dict[str, str] = Field(examples=[{"app_name": "APP_NAME"}])
    version: int
    changed_by: str
    changed_by_id: int | None
    changed_at: datetime | None


class LogoUpdate(InputModel):
    """A PNG or WebP image of at most 64 KiB. SVG is refused, because it can contain scripts."""

    content: Base64 = Field(description="The image in base64.")
