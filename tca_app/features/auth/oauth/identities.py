"""The identities of a person: list, link, unlink, and prove again who one is."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import lock
from tca_app.core.errors import Conflict, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.features.auth import events, one_time_tokens
from tca_app.features.auth.oauth.identity import Person, SignInRefused
from tca_app.features.auth.oauth.providers import Provider, label_of, providers
from tca_app.features.auth.oauth.schemas import IdentityRead
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.second_factor import PURPOSE
from tca_app.features.auth.step_up import note_proof, require_recent_proof
from tca_app.models import Identity, User

_identities, _users = Identity.__table__.c, User.__table__.c
ONLY_WAY = N_("This is your only way to sign in. Set a password or link another one first.")


class Found(NamedTuple):
    """A linked identity and the state of its account."""

    id: int
    user_id: int
    is_active: bool
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaysToSignIn:
    """How a person can sign in, and the providers that they may still link."""

    has_password: bool
    identities: list[IdentityRead]
    linkable: list[Provider]

    @property
    def linked(self) -> list[Provider]:
        """The providers at which the person can sign in now."""
        usable = {identity.provider for identity in self.identities if identity.is_usable}
        return [provider for provider in providers() if provider.key in usable]


async def list_identities(session: AsyncSession, actor: Actor) -> list[IdentityRead]:
    """Returns your own identities."""
    require_own(actor, "identities.list")
    rows = await session.execute(
        select(*_identities).where(_identities.user_id == actor.user_id).order_by(_identities.id)
    )
    offered = {(provider.key, provider.issuer) for provider in providers()}
    return [
        IdentityRead.model_validate(
            dict(row._mapping) | {"label": label_of(row.provider), "is_usable": (row.provider, row.issuer) in offered}
        )
        for row in rows
    ]


async def ways_to_sign_in(session: AsyncSession, actor: Actor) -> WaysToSignIn:
    """Returns how you can sign in."""
    found = await session.execute(select(_users.hashed_password.is_not(None)).where(_users.id == actor.user_id))
    identities = await list_identities(session, actor)
    usable = {identity.provider for identity in identities if identity.is_usable}
    linkable = [provider for provider in providers() if provider.key not in usable]
    return WaysToSignIn(bool(found.scalar_one_or_none()), identities, linkable)


async def find_identity(session: AsyncSession, person: Person) -> Found | None:
    """Returns the row of a person at a provider with the state of the account, or None.

    A second sign-in of the same person waits, so that of two first ones only one creates an account.
    """
    await _lock(session, person.provider, person.issuer, person.subject)
    rows = await session.execute(
        select(_identities.id, _identities.user_id, _users.is_active, _users.deleted_at)
        .join(User, _users.id == _identities.user_id)
        .where(*_is(person))
    )
    row = rows.first()
    return Found(*row) if row else None


async def _lock(session: AsyncSession, *identity: str) -> None:
    """Makes sign-ins with this identity, linking and unlinking it wait for each other."""
    await lock(session, f"identity {' '.join(identity)}")


def _is(person: Person) -> tuple[ColumnElement[bool], ...]:
    return (
        _identities.provider == person.provider,
        _identities.issuer == person.issuer,
        _identities.subject == person.subject,
    )


async def insert_identity(session: AsyncSession, owner: Actor, person: Person) -> None:
    values = {"provider": person.provider, "issuer": person.issuer, "subject": person.subject, "name": person.name}
    await session.execute(insert(Identity).values(user_id=owner.user_id, **values))
    about = {"subject_id": owner.user_id, "subject_name": owner.display_name}
    await emit(session, owner, events.IdentityLinked(**about, provider=label_of(person.provider)))


async def note_use(session: AsyncSession, person: Person) -> None:
    """Records a sign-in, and what the provider calls the person now."""
    used = update(Identity).where(*_is(person)).values(last_used_at=func.now(), name=person.name)
    await session.execute(used.execution_options(synchronize_session=False))


async def link(session: AsyncSession, actor: Actor, person: Person) -> None:
    """Links a person at a provider to your account. You proved who you are when you began."""
    require_own(actor, "identities.change")
    found = await find_identity(session, person)
    if found is not None and found.user_id != actor.user_id:
        raise SignInRefused("taken")
    if found is not None:
        return
    await session.execute(select(_users.id).where(_users.id == actor.user_id).with_for_update(key_share=True))
    other = select(_identities.id).where(
        _identities.user_id == actor.user_id,
        _identities.provider == person.provider,
        _identities.issuer == person.issuer,
    )
    if (await session.execute(other)).first() is not None:
        raise SignInRefused("linked_already")
    await insert_identity(session, actor, person)


async def prove(session: AsyncSession, actor: Actor, person: Person) -> None:
    """Notes that you signed in at your provider again, for the sensitive changes of the next ten minutes."""
    require_own(actor, "proof.give")
    found = await find_identity(session, person)
    if found is None or found.user_id != actor.user_id:
        raise SignInRefused("not_yours")
    await note_use(session, person)
    await note_proof(session, actor)


async def unlink(session: AsyncSession, actor: Actor, identity_id: int) -> None:
    """Unlinks an identity of yours, and ends a sign-in with it that waits for the second factor.

    Raises Conflict for the last way to sign in.
    """
    require_own(actor, "identities.change")
    await require_recent_proof(session, actor, is_credential=True)
    own = select(_identities.provider, _identities.issuer, _identities.subject)
    row = (
        await session.execute(own.where(_identities.id == identity_id, _identities.user_id == actor.user_id))
    ).first()
    if row is None:
        raise NotFound
    await _lock(session, *row)
    locked = select(_users.hashed_password).where(_users.id == actor.user_id).with_for_update(key_share=True)
    has_password = (await session.execute(locked)).scalar_one() is not None
    identities = await list_identities(session, actor)
    found = next((identity for identity in identities if identity.id == identity_id), None)
    if found is None:
        raise NotFound
    if not has_password and not any(other.is_usable for other in identities if other.id != identity_id):
        raise Conflict(_(ONLY_WAY))
    await session.execute(delete(Identity).where(_identities.id == identity_id))
    await one_time_tokens.withdraw(session, PURPOSE, actor.user_id)
    about = {"subject_id": actor.user_id, "subject_name": actor.display_name}
    await emit(session, actor, events.IdentityUnlinked(**about, provider=found.label))
