"""Exchanges the ID token of a CI job for an API token (RFC 8693).

Anybody may call it, so every refusal is the same: nobody learns which projects there are, or whom they trust. The
issuer is called between two transactions, so that a slow one holds no database connection.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry
from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import AppError, Unavailable
from tca_app.core.events.log import emit
from tca_app.core.outgoing.openid import Json, ProviderError, ProviderUnavailable, claimed_issuer, get_issuer
from tca_app.core.schema import MAX_ID
from tca_app.core.security.tokens import token_hash
from tca_app.core.telemetry.metrics import note_refused_sign_in
from tca_app.features.auth.service import Client
from tca_app.features.ci import events
from tca_app.features.ci.claims import job_of, match
from tca_app.features.ci.schemas import ACCESS_TOKEN, GRANT, ID_TOKEN, JWT, ExchangedToken, TokenExchange
from tca_app.features.tokens.ci_tokens import LIFETIME, SCOPES, TrustedJob, insert_ci_token
from tca_app.models import CiTrust, Project, UsedIdToken

log = structlog.get_logger(__name__)

ALGORITHMS = ("RS256", "ES256")
LEEWAY_S = 60
MAX_LIFE_S = 24 * 3600  # of an ID token: used ones are remembered for as long
KEEP_USED = timedelta(hours=1)  # after the end, because clocks differ
REFUSED = (
    "The ID token is not accepted for this project: nobody trusts its issuer for its claims there, it is for another "
    "audience, it has expired, or it was used before."
)
_trusts = CiTrust.__table__.c


@dataclass
class ExchangeError(AppError):
    """400 with the members of RFC 6749, section 5.2, beside those of all problems."""

    error: str = "invalid_request"

    code = "token_exchange_refused"
    default = REFUSED

    @property
    def extra(self) -> dict[str, Any]:
        return {"error": self.error, "error_description": self.detail}


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of an ID token whose issuer, signature, audience and times are right, and its hash."""

    issuer: str
    claims: Json
    used_hash: bytes


def _refused(reason: str) -> ExchangeError:
    """Returns the one refusal. Only the log of the server has the reason."""
    log.info("ci_exchange_refused", reason=reason)
    note_refused_sign_in("ci_token")
    return ExchangeError()


def check_request(data: TokenExchange) -> None:
    """Raises ExchangeError unless this is an exchange that the console can do."""
    if data.grant_type != GRANT:
        raise ExchangeError(f"The grant_type is {GRANT}.", error="unsupported_grant_type")
    if data.subject_token_type not in (ID_TOKEN, JWT):
        raise ExchangeError(f"The subject_token_type is {ID_TOKEN}.")
    if data.requested_token_type not in ("", ACCESS_TOKEN):
        raise ExchangeError(f"The requested_token_type is {ACCESS_TOKEN}, or is left out.")
    if bool(data.audience) == bool(data.resource):
        raise ExchangeError("Name the project with either audience or resource.", error="invalid_target")


async def find_issuer(session: AsyncSession, token: str) -> str:
    """Returns the issuer that the token claims, if any project trusts it. Nobody else is ever called."""
    issuer = claimed_issuer(token)
    is_trusted = select(exists().where(_trusts.issuer == issuer))
    if not issuer or "\0" in issuer or not (await session.execute(is_trusted)).scalar_one():
        raise _refused("no project trusts the issuer")
    return issuer


async def verify(issuer: str, token: str) -> VerifiedToken:
    """Checks signature, issuer, audience and times. Call it without a database connection.

    Raises ExchangeError, and Unavailable when the issuer does not answer.
    """
    try:
        _, claims = await get_issuer(issuer).verified(token, ALGORITHMS)
    except ProviderUnavailable as error:
        log.warning("ci_issuer_unavailable", issuer=issuer, reason=str(error))
        raise Unavailable("The issuer of the ID token does not answer. Try again in a moment.") from None
    except ProviderError as error:
        raise _refused(str(error)) from None
    _check_claims(issuer, claims)
    # What was signed, without the signature: for some algorithms a second valid signature can be computed from one.
    return VerifiedToken(issuer, claims, token_hash(token.rpartition(".")[0]))


def _check_claims(issuer: str, claims: Json) -> None:
    now = int(time())
    needed = JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": get_settings().public_url},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        needed.validate(claims)
    except JoseError as error:
        raise _refused(str(error)) from None
    if isinstance(claims["aud"], list) and len(claims["aud"]) != 1:
        raise _refused("the ID token is for others too, who could use it here")
    if claims["exp"] > now + MAX_LIFE_S + LEEWAY_S:
        raise _refused("the ID token is valid for more than a day")


async def exchange(session: AsyncSession, data: TokenExchange, token: VerifiedToken, client: Client) -> ExchangedToken:
    """Returns a token of the project. Of parallel calls with one ID token only one succeeds. Raises ExchangeError."""
    trust = await _find_trust(session, _project_key(data), token)
    await _use_up(session, token)
    job = job_of(token.claims)
    name = f"{trust.name}: {job.words}" if job.words else trust.name
    token_id, text = await insert_ci_token(session, TrustedJob(trust.id, trust.project_id, trust.user_id, name))
    used = update(CiTrust.__table__).where(_trusts.id == trust.id)
    await session.execute(used.values(last_used_at=func.now(), updated_at=_trusts.updated_at))
    actor = Actor(
        trust.user_id,
        "",
        trust.name,
        is_superuser=False,
        ip=client.ip,
        request_id=client.request_id,
        token_id=token_id,
        token_name=name,
    )
    about = {"subject_id": trust.project_id, "subject_name": trust.project_name, "project_id": trust.project_id}
    about |= {"trust_id": trust.id, "trust": trust.name}
    await emit(session, actor, events.CiJobAuthenticated(**about, **job._asdict()))
    return ExchangedToken(access_token=text, expires_in=int(LIFETIME.total_seconds()), scope=" ".join(SCOPES))


def _project_key(data: TokenExchange) -> str:
    """Returns the number or the slug of the project that the request names, or ""."""
    if data.audience:
        return data.audience
    pages = f"{get_settings().public_url}/projects/"
    return data.resource.removeprefix(pages) if data.resource.startswith(pages) else ""


async def _find_trust(session: AsyncSession, key: str, token: VerifiedToken) -> Any:  # noqa: ANN401  a row
    """Returns the trust of the project that matches, locked, so that it is not removed meanwhile."""
    is_number = key.isascii() and key.isdigit()
    number = int(key) if is_number and len(key) < 20 else 0
    named = col(Project.id) == number if is_number and 0 < number <= MAX_ID else col(Project.slug) == key
    rows = await session.execute(
        select(*_trusts, col(Project.name).label("project_name"))
        .join(Project, col(Project.id) == _trusts.project_id)
        .where(named, col(Project.deleted_at).is_(None), _trusts.issuer == token.issuer)
        .order_by(_trusts.id)
        .with_for_update(of=CiTrust.__table__, key_share=True)
    )
    found = next((row for row in rows if match(row.claims, token.claims)), None)
    if found is None:
        raise _refused("the project does not trust these claims")
    return found


async def _use_up(session: AsyncSession, token: VerifiedToken) -> None:
    """Records that the ID token was exchanged. Raises ExchangeError for a second time."""
    until = datetime.fromtimestamp(token.claims["exp"], UTC) + KEEP_USED
    used = insert(UsedIdToken).values(token_hash=token.used_hash, expires_at=until).on_conflict_do_nothing()
    if (await session.execute(used.returning(col(UsedIdToken.token_hash)))).first() is None:
        raise _refused("the ID token was used before")
