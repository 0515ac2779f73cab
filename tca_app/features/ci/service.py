"""Service functions for the issuers of ID tokens that a project trusts: list, add, change and remove."""

from typing import Any, Protocol

import httpx
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import VersionedRow, changed_fields, check_version, fields_of
from tca_app.core.database.lists import to_reads
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import Conflict, FieldError, Invalid, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.core.outgoing.ssrf_safe import ForbiddenAddress, target_of
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.ci import events, policy
from tca_app.features.ci.claims import names_a_repository
from tca_app.features.ci.schemas import NAMING, TrustCreate, TrustQuery, TrustRead, TrustUpdate
from tca_app.features.projects.service import find_project, get_project
from tca_app.features.tokens import ci_tokens
from tca_app.features.tokens.service import insert_service_account
from tca_app.models import CiTrust, User
from tca_app.models.user import changed_by

MOST = 20  # of one project
_trusts = CiTrust.__table__.c
_maker = User.__table__.alias("maker")
_WHOLE = (
    select(*CiTrust.__table__.c, func.coalesce(display_name_sql(_maker.c), "").label("created_by"))
    .select_from(CiTrust.__table__)
    .outerjoin(_maker, _maker.c.id == _trusts.created_by_id)
)


_SORTS = {
    "created_at": _trusts.created_at,
    "name": func.lower(_trusts.name),
    "issuer": _trusts.issuer,
    "last_used_at": _trusts.last_used_at,
}


class _TrustRow(VersionedRow, Protocol):
    """A locked row, with the name of its last editor."""

    id: int
    user_id: int
    name: str
    issuer: str
    claims: dict[str, str]


async def list_trusts(
    session: AsyncSession, actor: Actor, project_id: int, query: TrustQuery | None = None
) -> list[TrustRead]:
    """Returns the trusted issuers of a project, by default oldest first. Raises NotFound, Forbidden."""
    project = await get_project(session, actor, project_id)
    policy.require_manager(actor, project.my_role)
    sort = (query or TrustQuery()).sort
    ordered = _WHOLE.order_by(*order_by(_SORTS, sort, _trusts.id, nullable=("last_used_at",)))
    return to_reads(TrustRead, await session.execute(ordered.where(_trusts.project_id == project_id)))


async def create_trust(session: AsyncSession, actor: Actor, project_id: int, data: TrustCreate) -> TrustRead:
    """Trusts an issuer for certain claims. Raises Invalid, Forbidden, ReauthenticationRequired, Conflict (too many)."""
    policy.require_session(actor)
    project = await find_project(session, actor, policy.MANAGE, project_id)
    await require_recent_proof(session, actor, is_credential=True)
    _refuse_issuer(data.issuer)
    _refuse_claims(data.claims)
    of_project = select(func.count()).where(_trusts.project_id == project_id)
    if (await session.execute(of_project)).scalar_one() >= MOST:
        raise Conflict(_("There are {most} trusted issuers already. Remove one first.", most=MOST))
    user_id = await insert_service_account(session, project_id, data.name, ci_tokens.ROLE)
    values = data.model_dump() | {"project_id": project_id, "user_id": user_id, "created_by_id": actor.user_id}
    trust_id = (await session.execute(insert(CiTrust).values(values).returning(_trusts.id))).scalar_one()
    about = {"trust_id": trust_id, "trust": data.name}
    after = {"issuer": data.issuer, "claims": data.claims, "role": ci_tokens.ROLE}
    await emit(session, actor, events.CiTrustAdded.of(project, after=after, **about))
    return await _read(session, trust_id)


async def update_trust(
    session: AsyncSession,
    actor: Actor,
    project_id: int,
    trust_id: int,
    data: TrustUpdate,
    if_version: int | None = None,
) -> TrustRead:
    """Updates the given fields. Another issuer or other claims end the tokens that jobs have now. Raises Stale."""
    policy.require_session(actor)
    project = await find_project(session, actor, policy.MANAGE, project_id)
    before = await _lock(session, project_id, trust_id)
    given = data.given()
    check_version(before, given, if_version)
    changed = changed_fields(before, given)
    if not changed:
        return await _read(session, trust_id)
    await require_recent_proof(session, actor, is_credential=True)
    if "issuer" in changed:
        _refuse_issuer(changed["issuer"])
    if "claims" in changed:
        _refuse_claims(changed["claims"])
    own = {"version": _trusts.version + 1, "updated_by_id": actor.user_id, "updated_at": func.clock_timestamp()}
    await session.execute(update(CiTrust.__table__).where(_trusts.id == trust_id).values(**changed, **own))
    if "name" in changed:
        await ci_tokens.rename_ci_account(session, before.user_id, changed["name"])
    if changed.keys() & {"issuer", "claims"}:
        await ci_tokens.end_ci_tokens(session, trust_id, before.user_id)
    about = {"trust_id": trust_id, "trust": changed.get("name", before.name)}
    await emit(
        session, actor, events.CiTrustChanged.of(project, before=fields_of(before, changed), after=changed, **about)
    )
    return await _read(session, trust_id)


async def delete_trust(session: AsyncSession, actor: Actor, project_id: int, trust_id: int) -> None:
    """Removes a trusted issuer. The tokens of its jobs end at once, on every replica. Raises NotFound."""
    policy.require_session(actor)
    project = await find_project(session, actor, policy.MANAGE, project_id)
    before = await _lock(session, project_id, trust_id)
    await session.execute(delete(CiTrust).where(_trusts.id == trust_id))
    await ci_tokens.delete_ci_account(session, before.user_id)
    gone: dict[str, Any] = {"issuer": before.issuer, "claims": before.claims}
    about = {"trust_id": trust_id, "trust": before.name}
    await emit(session, actor, events.CiTrustRemoved.of(project, before=gone, **about))


async def _lock(session: AsyncSession, project_id: int, trust_id: int) -> _TrustRow:
    """Returns a trust of the project and locks it until the transaction ends. Raises NotFound."""
    of_project = (_trusts.id == trust_id) & (_trusts.project_id == project_id)
    locked = select(*_trusts, *changed_by(CiTrust.__table__)).where(of_project).with_for_update(of=CiTrust.__table__)
    row = (await session.execute(locked)).first()
    if row is None:
        raise NotFound
    return row


async def _read(session: AsyncSession, trust_id: int) -> TrustRead:
    found = await session.execute(_WHOLE.where(_trusts.id == trust_id))
    return to_reads(TrustRead, [found.one()])[0]


def _refuse_issuer(url: str) -> None:
    """Raises Invalid unless the URL is public and https, or the operator allows its host for development."""
    try:
        target = target_of(url)
    except ForbiddenAddress as refusal:
        raise Invalid(str(refusal), errors=[FieldError("/issuer", str(refusal))]) from None
    parsed = httpx.URL(url)
    if parsed.scheme != "https" and not target.is_trusted:
        raise Invalid.at("issuer", _("Enter a URL that starts with https://."))
    if parsed.query or parsed.fragment:
        raise Invalid.at("issuer", _("The URL of an issuer has no query and no fragment."))


def _refuse_claims(claims: dict[str, str]) -> None:
    """Raises Invalid unless the claims name a repository."""
    if not names_a_repository(claims):
        raise Invalid.at(
            "claims",
            _(
                "Name the repository with one of {naming}. Use its whole name, or owner/* for all of an owner.",
                naming=", ".join(NAMING),
            ),
        )
