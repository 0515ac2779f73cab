"""Who calls: the account behind a session or token, the client of the request, and both as an actor."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.features.auth.schemas import SignedInUser
from tca_app.models import User

PERSON = (
    col(User.id),
    col(User.email),
    col(User.username),
    col(User.full_name),
    col(User.is_active),
    col(User.is_superuser),
    col(User.must_change_password),
    col(User.time_zone),
    col(User.locale),
    col(User.language),
    col(User.last_login_at),
    col(User.version),
    col(User.created_at),
    col(User.updated_at),
)


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request."""

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """A resolved session: the actor, the user's fields, and whether to record that the session was used."""

    actor: Actor
    person: SignedInUser
    is_stale: bool


def person_fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in SignedInUser.model_fields}


def actor_of(person: SignedInUser, client: Client) -> Actor:
    """Returns the person as an actor. The caller adds the session or token."""
    return Actor(
        user_id=person.id,
        username=person.username,
        full_name=person.full_name,
        is_superuser=person.is_superuser,
        ip=client.ip,
        request_id=client.request_id,
        time_zone=person.time_zone or "",
        locale=person.locale or "",
        language=person.language,
    )
