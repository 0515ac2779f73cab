"""Until when an account must have a second factor, by the instance settings. Read with the session of a request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import col

from tca_app.core.instance import instance_settings
from tca_app.models import Factor, User

_confirmed = select(col(Factor.id)).where(col(Factor.user_id) == col(User.id), col(Factor.confirmed_at).is_not(None))
HAS_FACTOR = _confirmed.correlate(User).exists().label("has_factor")
# Beside `auth.queries.PERSON`.
COLUMNS = (col(User.kind), col(User.superuser_since), HAS_FACTOR)


@dataclass(frozen=True, slots=True)
class WithoutFactor:
    """What counts of a person who has no second factor."""

    is_superuser: bool
    created_at: datetime
    superuser_since: datetime | None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> "WithoutFactor | None":
        """Returns None for somebody who has one, and for the account of a token of a project, which never signs in."""
        if row.has_factor or row.kind != "person":
            return None
        return cls(row.is_superuser, row.created_at, row.superuser_since)


def due(person: WithoutFactor | None) -> datetime | None:
    """Returns when the account must have a second factor, by the settings of this moment; None when it need not."""
    settings = instance_settings()
    if person is None or not settings.requires_two_factor(is_superuser=person.is_superuser):
        return None
    return settings.two_factor_due(
        person.created_at, is_superuser=person.is_superuser, superuser_since=person.superuser_since
    )
