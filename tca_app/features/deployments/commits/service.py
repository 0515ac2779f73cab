"""Service functions for commits: they are stored as GitHub pushes them or CI reports them, and read as ranges."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _
from tca_app.core.urls import link_of
from tca_app.features.deployments.commits.schemas import (
    MAX_COMMITS,
    NOT_KNOWN,
    CommitRange,
    CommitRead,
    DeploymentCommits,
    ReportedCommits,
)
from tca_app.features.deployments.compare import is_same_commit
from tca_app.features.deployments.queries import find_visible, previous_success
from tca_app.models import CommitStep, GithubCommit

MAX_BRANCHES = 10  # that are followed back from one commit
_commits, _steps = GithubCommit.__table__.c, CommitStep.__table__.c
_TEXTS = ("message", "author", "url")
_COLUMNS = tuple(_commits[name] for name in CommitRead.model_fields)


class PushedCommit(NamedTuple):
    """A commit to store. GitHub sends more of it than its time, but not for every event."""

    sha: str
    at: datetime
    message: str = ""
    author: str = ""
    url: str = ""


async def store_commits(
    session: AsyncSession, project_id: int, commits: Sequence[PushedCommit], *, is_signed: bool
) -> None:
    """Stores commits. What GitHub signed replaces what CI reported of a commit, and not the other way round."""
    rows = [commit._asdict() | {"project_id": project_id, "at": commit.at.astimezone(UTC)} for commit in commits]
    put = insert(GithubCommit.__table__).values(sorted(rows, key=lambda row: row["sha"]))
    if not is_signed:
        await session.execute(put.on_conflict_do_nothing())
        return
    sent = {name: func.coalesce(func.nullif(put.excluded[name], ""), _commits[name]) for name in _TEXTS}
    await session.execute(
        put.on_conflict_do_update(index_elements=["project_id", "sha"], set_=sent | {"at": put.excluded.at})
    )


async def store_steps(session: AsyncSession, project_id: int, ref: str, since: str, shas: Sequence[str]) -> None:
    """Stores that these stored commits follow each other on a branch, after `since` ("": not known)."""
    previous = {sha: before for before, sha in zip([since, *shas], shas, strict=False) if sha != before}
    rows = [
        {"project_id": project_id, "ref": ref, "sha": sha, "previous_sha": before}
        for sha, before in sorted(previous.items())
    ]
    if not rows:
        return
    put = insert(CommitStep.__table__).values(rows)
    await session.execute(
        put.on_conflict_do_update(
            index_elements=["project_id", "sha", "ref"],
            set_={"previous_sha": put.excluded.previous_sha},
            where=_steps.previous_sha == "",
        )
    )


async def store_reported(session: AsyncSession, project_id: int, commit_sha: str, reported: ReportedCommits) -> None:
    """Stores the commits that CI reports with a deployment of `commit_sha`. Raises Invalid when it is not the last."""
    if not is_same_commit(reported.commits[-1].sha, commit_sha):
        raise Invalid.at("commits", _("The last commit is not the commit_sha of the deployment."))
    commits = [PushedCommit(**commit.model_dump()) for commit in reported.commits]
    await store_commits(session, project_id, commits, is_signed=False)
    await store_steps(session, project_id, "", reported.since, [commit.sha for commit in commits])


async def read_commits(session: AsyncSession, actor: Actor, deployment_id: int) -> DeploymentCommits:
    """Returns the commits between a deployment and the previous successful one of its environment."""
    row = await find_visible(session, actor, deployment_id)
    before = await previous_success(session, row)
    if before is None:
        return DeploymentCommits(**dict(NOT_KNOWN), before_id=None, before_version="", is_undone=False)
    about: dict[str, Any] = {"before_id": before.id, "before_version": before.version}
    added = await commits_between(session, row.project_id, before.commit_sha, row.commit_sha)
    if added.is_known and not added.is_truncated:
        return DeploymentCommits(**dict(added), **about, is_undone=False)
    undone = await commits_between(session, row.project_id, row.commit_sha, before.commit_sha)
    is_undone = undone.is_known and not undone.is_truncated
    return DeploymentCommits(**dict(undone if is_undone else added), **about, is_undone=is_undone)


async def commits_between(session: AsyncSession, project_id: int, older: str, newer: str) -> CommitRange:
    """Returns the commits after `older` up to `newer`, newest first. Either may be abbreviated."""
    if not (older and newer):
        return NOT_KNOWN
    if is_same_commit(older, newer):
        return CommitRange(is_known=True, is_truncated=False, commits=[])
    branches: dict[str, list[Row[Any]]] = {}
    for row in await session.execute(_walk(project_id, older, newer)):
        branches.setdefault(row.ref, []).append(row)
    whole = [rows for rows in branches.values() if rows[-1].previous_sha.startswith(older)]
    if whole:
        return _range(min(whole, key=len), is_truncated=False)
    long = [rows for rows in branches.values() if len(rows) == MAX_COMMITS]
    return _range(long[0], is_truncated=True) if long else NOT_KNOWN


def _range(rows: Sequence[Row[Any]], *, is_truncated: bool) -> CommitRange:
    commits = [commit.model_copy(update={"url": link_of(commit.url)}) for commit in to_reads(CommitRead, rows)]
    return CommitRange(is_known=True, is_truncated=is_truncated, commits=commits)


def _walk(project_id: int, older: str, newer: str) -> Any:  # noqa: ANN401  a statement
    """Returns the statement that follows each branch back from `newer` until `older`, or as far as it is known."""
    columns = (_steps.ref, _steps.sha, _steps.previous_sha)
    # Hexadecimal digits: what begins with `newer` is between it and it with a letter beyond them.
    begins = and_(_steps.project_id == project_id, _steps.sha >= newer, _steps.sha < f"{newer}g")
    first = select(*columns).where(begins).order_by(_steps.sha, _steps.ref).limit(MAX_BRANCHES).subquery()
    walk = select(*first.c, literal(1).label("depth")).cte("walk", recursive=True)
    goes_on = and_(walk.c.depth < MAX_COMMITS, ~func.starts_with(walk.c.previous_sha, older))
    earlier = select(*columns, walk.c.depth + 1).where(
        _steps.project_id == project_id, _steps.ref == walk.c.ref, _steps.sha == walk.c.previous_sha, goes_on
    )
    walk = walk.union_all(earlier)
    return (
        select(walk.c.ref, walk.c.previous_sha, *_COLUMNS)
        .join(GithubCommit.__table__, and_(_commits.project_id == project_id, _commits.sha == walk.c.sha))
        .order_by(walk.c.ref, walk.c.depth)
    )


async def time_of(session: AsyncSession, project_id: int, sha: str) -> datetime | None:
    """Returns the time of a commit, or None when it is not known."""
    known = select(_commits.at).where(_commits.project_id == project_id, _commits.sha == sha)
    return (await session.execute(known)).scalar()
