"""Demo comments on deployments, with mentions of people of the team."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.events.log import Event
from tca_app.demo.deployments import about_of
from tca_app.features.deployments.comments import events
from tca_app.features.deployments.comments.mentions import names_in
from tca_app.models import CommentMention, DeploymentComment

# For each thread the minutes after the deployment ended, who writes, and the text. {0} to {2} are people of the team.
THREADS = {
    "failed": (
        (
            (4, 0, "The new setting is missing in this environment. @{1}, can you add it?"),
            (16, 1, "Added. You can try again."),
            (43, 0, "Works now, thanks @{1}."),
        ),
        (
            (
                9,
                1,
                "The migration waits for the nightly report, as last week.\nI'll try again after 06:00 UTC.",
            ),
            (31, 0, "@{1} @{2} should the report read from the replica?"),
            (58, 2, "Yes. I'll open a pull request today."),
        ),
        ((12, 0, "The registry was slow for some minutes, see https://status.example.com. Nothing to change here."),),
    ),
    "succeeded": (
        ((25, 1, "Error rate and latency look the same as before."), (34, 0, "Thanks @{1}, I'll announce it.")),
        ((8, 0, "@{2} this one has the fix for the invoices that were sent twice."),),
    ),
}
MOST_AGE, LEAST_TEAM = timedelta(days=40), 3
COLUMNS = ("deployment_id", "user_id", "body", "created_at", "updated_at")
Row = dict[str, Any]


async def discuss(
    session: AsyncSession, now: datetime, people: list[Row], team: list[Row], deployments: list[Row]
) -> list[tuple[datetime, int, Event]]:
    """Write the comments. Returns their events, each with its time and its author."""
    comments = list(_comments(now, people, team, deployments))
    rows = [{name: one[name] for name in COLUMNS} for one in comments]
    made = insert(DeploymentComment.__table__).returning(col(DeploymentComment.id), sort_by_parameter_order=True)
    for one, comment_id in zip(comments, (await session.execute(made, rows)).scalars(), strict=True):
        one["id"] = comment_id
    mentions = [
        {"comment_id": one["id"], "user_id": person["id"], "username": person["username"]}
        for one in comments
        for person in one["mentioned"]
    ]
    await session.execute(insert(CommentMention.__table__), mentions)
    return [event for one in comments for event in _events(one)]


def _comments(now: datetime, people: list[Row], team: list[Row], deployments: list[Row]) -> Iterator[Row]:
    """Yield the threads, each on the newest deployment of its kind in a project that has none yet."""
    active = {person["id"]: person for person in people if person["is_active"] and not person["deleted_at"]}
    ended = [row for row in reversed(deployments) if row["finished_at"] and not row["project"]["deleted_at"]]
    recent = [row for row in ended if row["finished_at"] > now - MOST_AGE]
    taken: set[int] = set()
    for status, threads in THREADS.items():
        for thread in threads:
            length = timedelta(minutes=thread[-1][0])
            for row in (row for row in recent if row["status"] == status):
                there = [active[one["user_id"]] for one in team if _was_there(one, row) and one["user_id"] in active]
                if row["project_id"] in taken or len(there) < LEAST_TEAM or row["finished_at"] + length > now:
                    continue
                taken.add(row["project_id"])
                yield from _thread(row, there, thread)
                break


def _was_there(member: Row, deployment: Row) -> bool:
    return bool(member["project_id"] == deployment["project_id"] and member["created_at"] < deployment["created_at"])


def _thread(deployment: Row, team: list[Row], thread: tuple[tuple[int, int, str], ...]) -> Iterator[Row]:
    by_name = {person["username"]: person for person in team}
    for minutes, author, text in thread:
        at = deployment["finished_at"] + timedelta(minutes=minutes)
        body = text.format(*(person["username"] for person in team[:LEAST_TEAM]))
        yield {
            "deployment": deployment,
            "deployment_id": deployment["id"],
            "user_id": team[author]["id"],
            "body": body,
            "mentioned": [by_name[name] for name in names_in(body)],
            "created_at": at,
            "updated_at": at,
        }


def _events(comment: Row) -> Iterator[tuple[datetime, int, Event]]:
    about, at, author = about_of(comment["deployment"]), comment["created_at"], comment["user_id"]
    yield at, author, events.DeploymentCommented.of(about, comment_id=comment["id"])
    for person in comment["mentioned"]:
        whom = {"user_id": person["id"], "user_name": person["full_name"]}
        yield at, author, events.PersonMentioned.of(about, comment_id=comment["id"], **whom)
