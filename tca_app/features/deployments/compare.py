"""What changed since the previous deployment: the deployments between, and the URL of the two commits' comparison."""

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.urls import link_of, parse_url
from tca_app.features.deployments.queries import WHOLE, deployment_read, find_visible, previous_success
from tca_app.features.deployments.schemas import ChangesRead
from tca_app.models import Deployment

MAX_BETWEEN = 50
_deployments = Deployment.__table__.c


def is_same_commit(one: str, other: str) -> bool:
    """Returns whether both are known and name the same commit. Either may be abbreviated."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def compare_url(repository_url: str, before: str, after: str) -> str:
    """Returns the URL for GitHub, GitLab, Bitbucket and Gitea, or "" when something is unknown.

    A self-hosted server is recognized by its host name; others get the form of Gitea, which is also GitHub's.
    """
    repository = link_of(repository_url)
    if not (repository and before and after) or is_same_commit(before, after):
        return ""
    parts = parse_url(repository)
    if not (parts.path or "").strip("/"):
        return ""
    base = str(parts).partition("#")[0].partition("?")[0].rstrip("/").removesuffix(".git")
    host = parts.host or ""
    if "gitlab" in host:
        return f"{base}/-/compare/{before}...{after}"
    if "bitbucket" in host:
        return f"{base}/branches/compare/{after}..{before}"
    return f"{base}/compare/{before}...{after}"


async def read_changes(session: AsyncSession, actor: Actor, deployment_id: int) -> ChangesRead:
    """Returns the changes since the previous deployment: a link to the repository, and the deployments between.

    What is between is decided by the end, because an import may be younger than what it came before.
    """
    row = await find_visible(session, actor, deployment_id)
    before = await previous_success(session, row)
    ended = tuple_(_deployments.finished_at, _deployments.id)
    between = select(_deployments.id).where(
        _deployments.environment_id == row.environment_id,
        _deployments.id != row.id,
        ended < tuple_(row.finished_at or func.now(), row.id),
    )
    if before is not None:
        between = between.where(ended > tuple_(before.finished_at, before.id))
    newest = (_deployments.finished_at.desc(), _deployments.id.desc())
    page = between.order_by(*newest).limit(MAX_BETWEEN).subquery("page")
    rows = (await session.execute(WHOLE.join(page, page.c.id == _deployments.id).order_by(*newest))).all()
    return ChangesRead(
        before=deployment_read(before) if before else None,
        compare_url=compare_url(row.repository_url, before.commit_sha if before else "", row.commit_sha),
        between=[deployment_read(found) for found in rows],
    )
