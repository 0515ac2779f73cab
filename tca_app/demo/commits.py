"""Demo commits: what the deployed versions brought, as GitHub would have pushed it."""

import random
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.deployments.commits.service import PushedCommit, store_commits, store_steps

MESSAGES = (
    "Reject negative lead times",
    "Retry a request once when the connection was reset",
    "Show the age of a version beside it",
    "Update the dependencies",
    "Log the id of the request with each error",
    "Add an index for the list of orders",
    "Close connections that are idle for a minute",
    "Explain the error when the file is too large",
    "Remove the old import",
    "Test the migration on a copy of the data",
)
AUTHORS = ("Amara López", "Yusuf Costa", "Lucía Berg", "Noor Haddad", "Jonas Weber")
MOST = 4  # commits of a version
Row = dict[str, Any]


async def push(session: AsyncSession, rows: list[Row]) -> None:
    """Write the commits of these deployments, oldest first: those of a project follow each other on one branch."""
    rng = random.Random(7)  # noqa: S311
    projects: dict[int, dict[str, Row]] = {}
    for row in rows:
        if row.get("commit_at"):
            projects.setdefault(row["project_id"], {}).setdefault(row["commit_sha"], row)
    for project_id, released in projects.items():
        commits = [commit for row in released.values() for commit in _of_version(rng, row)]
        await store_commits(session, project_id, commits, is_signed=True)
        await store_steps(session, project_id, "refs/heads/main", "", [commit.sha for commit in commits])


def _of_version(rng: random.Random, row: Row) -> list[PushedCommit]:
    """Return the commits of a version; the last one is what was deployed."""
    count = rng.randint(1, MOST)
    shas = [*(f"{rng.getrandbits(160):040x}" for _ in range(count - 1)), row["commit_sha"]]
    repository = row["project"].get("repository_url") or ""
    return [
        PushedCommit(
            sha,
            row["commit_at"] - timedelta(minutes=40 * (count - 1 - number)),
            rng.choice(MESSAGES),
            rng.choice(AUTHORS),
            f"{repository}/commit/{sha}" if repository else "",
        )
        for number, sha in enumerate(shas)
    ]
