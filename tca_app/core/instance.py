"""Instance settings as the modules of this process read them: set by administrators, unless the environment sets them.

`features.instance` stores the values and keeps this copy current.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from tca_app.config.settings import get_settings
from tca_app.core.language.messages import LanguageName

SignUp = Literal["nobody", "invited", "provider"]
TwoFactor = Literal["nobody", "administrators", "everybody"]

# Settings that the environment may set, by the name of its field in `config.fields`.
ENVIRONMENT = {
    "app_name": "app_name",
    "session_days": "jwt_refresh_token_expire_days",
    "session_idle_minutes": "session_idle_minutes",
    "password_min_length": "password_min_length",
    "status_public": "status_public",
}


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """The effective settings.

    `sign_up`: who gets an account without an administrator creating it: nobody, people with an invitation, or also
    everybody at their first sign-in at a provider. `two_factor_required`: who must have a second factor once the days
    of grace are over. `two_factor_since`: when that was set; `two_factor_administrators_since`: since when it includes
    administrators without a break. `logo`: the hash of the image, or "".
    """

    app_name: str
    session_days: int
    session_idle_minutes: int
    password_min_length: int
    status_public: bool
    sign_up: SignUp = "invited"
    two_factor_required: TwoFactor = "nobody"
    two_factor_grace_days: int = 7
    two_factor_since: datetime | None = None
    two_factor_administrators_since: datetime | None = None
    time_zone: str = "UTC"
    language: LanguageName = "en"
    logo: str = ""

    @property
    def logo_url(self) -> str:
        """The URL of the image, which changes with it; "" without one."""
        return f"/api/v1/instance/logo?v={self.logo}" if self.logo else ""

    def requires_two_factor(self, *, is_superuser: bool) -> bool:
        """Return whether this person must have a second factor, once the days of grace are over."""
        return self.two_factor_required in (("everybody", "administrators") if is_superuser else ("everybody",))

    def two_factor_due(self, created_at: datetime, *, is_superuser: bool, superuser_since: datetime | None) -> datetime:
        """Return when the days of grace of a person end whom the requirement names.

        They begin when it reached them: with the decision, the account, or their becoming an administrator.
        """
        everybody = max(created_at, self.two_factor_since or created_at)
        began = self.two_factor_administrators_since or self.two_factor_since or created_at
        as_administrator = max(created_at, superuser_since or created_at, began)
        if not is_superuser:
            since = everybody
        elif self.two_factor_required == "administrators":
            since = as_administrator
        else:
            since = min(everybody, as_administrator)
        return since + timedelta(days=self.two_factor_grace_days)


_FIELDS = frozenset(field.name for field in fields(InstanceSettings))
_stored: Mapping[str, Any] = {}


def instance_settings() -> InstanceSettings:
    """Return the effective settings, at most a few seconds old."""
    return effective(_stored)


def effective(stored: Mapping[str, Any]) -> InstanceSettings:
    """Return the settings with these stored values. Unknown names, of a newer version, are ignored."""
    settings = get_settings()
    given = settings.model_fields_set
    values = {name: value for name, value in stored.items() if name in _FIELDS}
    for name, field in ENVIRONMENT.items():
        if field in given or name not in values:
            values[name] = getattr(settings, field)
    return InstanceSettings(**values)


def set_by_environment() -> dict[str, str]:
    """Return the settings that the environment or `.env` sets, with the name of its variable."""
    given = get_settings().model_fields_set
    return {name: field.upper() for name, field in ENVIRONMENT.items() if field in given}


def keep(stored: Mapping[str, Any]) -> None:
    """Replace the values that administrators have set."""
    global _stored
    _stored = dict(stored)
